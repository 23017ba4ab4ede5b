"""``lensctl watch``: what goes through, while it does."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import console, json_option

if TYPE_CHECKING:
    from claude_lens.store.reading.forms import Summary
    from claude_lens.store.reading.queries import Reader

SESSIONS = 10
INTERVAL = 0.5


@click.command()
@click.option(
    "-n", "--lines", type=click.IntRange(1), default=20, show_default=True, help="Most exchanges shown."
)
@click.option("--once", is_flag=True, help="Show once and end.")
@json_option
def command(lines: int, once: bool, as_json: bool) -> None:
    """Show the newest exchanges and go on as they come, until Ctrl-C.

    On a terminal a table that renews itself; otherwise a line for each exchange that ends (--json: a JSON
    object a line).
    """
    from claude_lens.store.reading.queries import open_reader

    with open_reader(setting_table.load()) as reader:
        if once or not sys.stdout.isatty() or as_json:
            _stream(reader, lines, once, as_json)
        else:
            _table(reader, lines)


def newest(reader: Reader, limit: int) -> list[Summary]:
    """The newest exchanges of the newest sessions, in order of time."""
    found: list[Summary] = []
    for session in reader.sessions(SESSIONS):
        found += reader.exchanges(session["id"])
    return sorted(found, key=lambda one: (one["started_at"], one["id"]))[-limit:]


def _table(reader: Reader, lines: int) -> None:
    from rich.live import Live

    from claude_lens.terminal import render

    with Live(console=console(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(render.exchange_table(newest(reader, lines)), refresh=True)
            time.sleep(INTERVAL)


def _stream(reader: Reader, lines: int, once: bool, as_json: bool) -> None:
    from claude_lens.terminal import render

    out = console()
    for fresh in _ended(reader, lines, once):
        if as_json:
            for one in fresh:
                click.echo(json.dumps(one))
        elif fresh:
            table = render.exchange_table(fresh)
            table.show_header = once
            out.print(table)


def _ended(reader: Reader, lines: int, once: bool) -> Iterator[list[Summary]]:
    seen: set[str] = set()
    while True:
        fresh = [
            one
            for one in newest(reader, lines)
            if one["id"] not in seen and (once or one["status"] != "running")
        ]
        seen.update(one["id"] for one in fresh)
        yield fresh
        if once:
            return
        time.sleep(INTERVAL)
