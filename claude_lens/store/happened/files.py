"""What a session changed in files, read from its messages: calls that edit, with their results."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from claude_lens.happened.edits import EDITING, READING, Change, Changes
from claude_lens.messages.calls import Call, calls, results
from claude_lens.store.reading import turns
from claude_lens.store.schema import calls as calls_table
from claude_lens.store.schema import exchanges, sessions

_TOOLS: Final = sorted(EDITING | READING)


def changes(connection: Connection, session: str) -> list[Change]:
    """The files of a session with this whole id, in the order in which they were first edited."""
    table = calls_table.c
    query = (
        select(table.exchange, table.tool, table.calls)
        .join(exchanges, exchanges.c.id == table.exchange)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .where(sessions.c.session_id == session, table.tool.in_(_TOOLS))
    )
    rows = connection.execute(query).all()
    if not any(row.calls and row.tool in EDITING for row in rows):
        return []
    concerned = {row.exchange for row in rows}
    steps = turns.steps(connection, session)
    wanted = {piece for step in steps if step.key in concerned for piece in step.fresh}
    wanted |= {step.answer for step in steps if step.key in concerned and step.answer is not None}
    messages = turns.load(connection, wanted)
    made: dict[str, tuple[Call, str]] = {}
    found = Changes()
    for step in steps:
        if step.key not in concerned:
            continue
        for result in results([messages[piece] for piece in step.fresh if piece in messages]):
            call = made.pop(result.call_id, None)
            if call is not None:
                found.add(call[0], result, call[1])
        for one in calls(messages.get(step.answer)) if step.answer is not None else []:
            if one.id and one.name in _TOOLS:
                made[one.id] = (one, step.summary["id"])
    return found.listed()
