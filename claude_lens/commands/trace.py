"""``lensctl trace``: send a recorded session's traces to a backend."""

from __future__ import annotations

import dataclasses

import click

from claude_lens import settings as setting_table
from claude_lens import values
from claude_lens.errors import UserError
from claude_lens.terminal.output import console, json_option, print_json, printable


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@click.option("--to", metavar="URL", help="An OTLP backend, for example http://localhost:6006.")
@json_option
def command(session: str, to: str | None, as_json: bool) -> None:
    """Send the traces of a recorded session to Arize, Phoenix or another OpenTelemetry backend.

    SESSION is an id, its beginning, or last, which it is without one. Spans keep the ids they
    had or would have had live, so a backend that has some of them already gets none twice.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.tracing.backfill import send_session

    try:
        address = values.url(to) if to else None
    except ValueError as problem:
        raise UserError(f"--to {to!r} is not valid: expected {problem}") from None
    settings = setting_table.load()
    with open_reader(settings) as reader:
        sent = send_session(settings, reader, session, address)
    if as_json:
        print_json([dataclasses.asdict(one) for one in sent])
    else:
        for one in sent:
            console().print(printable(f"{one.spans} spans sent to {one.endpoint}"), markup=False)
