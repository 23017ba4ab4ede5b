"""A session beside those that went on from it: what ``lensctl fork`` and ``lensctl compare`` made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard import conversation
from claude_lens.dashboard.conversation import Session, Turn
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, session_id
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.writing.tagging import ARM, FORK_OF, LONGEST

MOST: Final = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A session as a column: its model, how many turns it took, and its last turn."""

    session: forms.Session
    name: str
    turns: int
    last: Turn | None


def of(reader: Reader, origin: str) -> list[forms.Session]:
    """The sessions that went on from this one, the oldest first."""
    found = reader.sessions(MOST, tag=f"{FORK_OF}{origin}"[:LONGEST])
    return list(reversed(found))


def arms(request: Request) -> Response:
    """The page: a column for the origin, and one for each arm."""
    lens: Lens = request.app.state.lens
    origin = lens.reader.session(session_id(request.path_params["session"]))
    sessions = [origin, *of(lens.reader, origin["id"])]
    with lens.reader.connect() as connection:
        columns = [_column(connection, one, one is origin) for one in sessions]
    return page(
        "arms.html",
        here="sessions",
        token=lens.access.token(request.scope["cookie"]),
        origin=origin,
        columns=columns,
    )


def _column(connection: Connection, session: forms.Session, is_origin: bool) -> Column:
    whole = Session.read(connection, session["id"])
    line = whole.line(None)
    taken = [index for index, step in enumerate(line) if conversation.is_turn(step)]
    last = None
    if taken:
        start = taken[-1]
        last = conversation.window(connection, whole, None, start, start + 1)[0]
    tagged = next((tag.removeprefix(ARM) for tag in session["tags"] if tag.startswith(ARM)), None)
    models: dict[str, Any] = {step.summary["model"]["routed"] or "": None for step in line}
    name = "the session itself" if is_origin else tagged or ", ".join(filter(None, models))
    return Column(session, name, len(taken), last)


routes = [Route("/sessions/{session}/arms", arms)]
