"""``lensctl trace``: send a recorded session's traces to a backend."""

from __future__ import annotations

import dataclasses
import time

import click

from claude_lens import settings as setting_table
from claude_lens import values, when
from claude_lens.errors import UserError
from claude_lens.terminal.output import console, json_option, print_json, printable


@click.command()
@click.argument("session", metavar="[SESSION]", required=False)
@click.option("--since", metavar="WHEN", help="All sessions active since 7d, 12h, today, 2026-01-31 …")
@click.option("--to", metavar="URL", help="An OTLP backend, for example http://localhost:6006.")
@json_option
def command(session: str | None, since: str | None, to: str | None, as_json: bool) -> None:
    """Send the traces of recorded sessions to Arize, Phoenix or another OpenTelemetry backend.

    SESSION is an id, its beginning, or last, which it is without one and without --since. Spans keep the
    ids they had or would have had live, so a backend that has some of them already gets none twice.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.progress import progress_bar
    from claude_lens.tracing.backfill import send_session, send_sessions
    from claude_lens.tracing.catching_up import sessions_since

    try:
        address = values.url(to) if to else None
    except ValueError as problem:
        raise UserError(f"--to {to!r} is not valid: expected {problem}") from None
    if session and since:
        raise UserError("name a session or --since, not both")
    moment = when.moment(since, when.zone(None)) if since else None
    settings = setting_table.load()
    with open_reader(settings) as reader:
        if moment is None:
            sent = send_session(settings, reader, session or "last", address)
        else:
            chosen = sessions_since(reader, moment, time.time())
            with progress_bar() as report:
                sent = send_sessions(
                    settings, reader, chosen, address, lambda done: report("sending", done / len(chosen))
                )
    if as_json:
        print_json([dataclasses.asdict(one) for one in sent])
    else:
        for one in sent:
            console().print(printable(f"{one.spans} spans sent to {one.endpoint}"), markup=False)
