"""The options by which commands choose exchanges, and the filter they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from claude_lens import when
from claude_lens.errors import NotFound
from claude_lens.store.insight.compare import resolve_turn
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--session", metavar="ID", help="Of this session (an id, its beginning, or last)."),
    click.option(
        "--agent", metavar="NAME", help="Of the agent with this name or type; main for the main one."
    ),
    click.option("--class", "request_class", metavar="NAME", help="main, subagent, auxiliary, compaction …"),
    click.option("--model", metavar="NAME", help="Asked of this model, or answered by it."),
    click.option("--provider", metavar="NAME", help="Answered by this provider."),
    click.option("--project", metavar="DIR", help="From this folder; . is the current one."),
    click.option("--branch", metavar="NAME", help="On this git branch."),
    click.option("--tool", metavar="NAME", help="Whose answer calls this tool."),
    click.option("--since", metavar="WHEN", help="From 7d, 12h, today, 2026-01-31, 2026-01-31T09:30 …"),
    click.option("--until", metavar="WHEN", help="Before."),
    click.option("--tz", metavar="ZONE", help="Time zone of dates, such as Europe/Berlin.  [default: here]"),
)


def filter_options(command: Command) -> Command:
    """Give a command the options that :func:`chosen` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_RANGE: tuple[Command, ...] = tuple(_OPTIONS[index] for index in (5, 8, 9, 10))


def range_options(command: Command) -> Command:
    """Give a command those of the options that say when, and in which project."""
    for option in reversed(_RANGE):
        command = option(command)
    return command


def chosen(reader: Reader, options: dict[str, Any]) -> Filter:
    """The filter that the options describe; takes them out of ``options``, all but ``tz``.

    Raises :class:`UserError` for a time that is none, :class:`NotFound` for a session that is not there.
    """
    zone = when.zone(options.get("tz"))
    values = {
        name: options.pop(name, None)
        for name in ("agent", "request_class", "model", "provider", "branch", "tool")
    }
    session, project = options.pop("session", None), options.pop("project", None)
    since, until = options.pop("since", None), options.pop("until", None)
    return Filter(
        **values,
        session=reader.session(session)["id"] if session else None,
        project=str(Path(project).expanduser().absolute()) if project else None,
        since=when.moment(since, zone) if since else None,
        until=when.moment(until, zone) if until else None,
    )


def named(reader: Reader, text: str) -> str:
    """The exchange that ``SESSION:N`` names, SESSION an id, its beginning or last; other text as it is.

    Raises :class:`NotFound` for a session that is not there or is not the only one, and for no such request.
    """
    session, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        return text
    ident = reader.session(session)["id"]
    if int(number) < 1:
        raise NotFound(f"the requests of session {ident} are counted from 1")
    with reader.connect() as connection:
        return resolve_turn(connection, f"{ident}:{number}")
