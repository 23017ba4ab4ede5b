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

INTERVAL = 0.5
WATCHED = 300
"""How many of the newest exchanges may still run when watching begins, and are told when they end."""


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
        if once:
            _print(newest(reader, lines), as_json, header=True)
        elif as_json or not sys.stdout.isatty():
            for fresh in ended(reader, lines):
                _print(fresh, as_json, header=False)
        else:
            _table(reader, lines)


def newest(reader: Reader, limit: int) -> list[Summary]:
    """The exchanges that arrived last, in the order in which they did."""
    from claude_lens.store.reading import changes

    with reader.connect() as connection:
        return [row.summary for row in reversed(changes.newest(connection, limit))]


def ended(reader: Reader, lines: int) -> Iterator[list[Summary]]:
    """Exchanges that have ended: at most ``lines`` of the newest, then, without end, those that did since."""
    from claude_lens.store.reading import changes

    with reader.connect() as connection:
        found = changes.newest(connection, max(lines, WATCHED))[::-1]
        last = changes.top(connection)
    running = {row.key for row in found if row.summary["status"] == "running"}
    yield [row.summary for row in found[-lines:] if row.key not in running]
    while True:
        time.sleep(INTERVAL)
        with reader.connect() as connection:
            # A database that was deleted counts from the beginning again.
            last = min(last, changes.top(connection))
            found = changes.since(connection, last, sorted(running))
        fresh = [row for row in found if row.summary["status"] != "running"]
        running = (running | {row.key for row in found}) - {row.key for row in fresh}
        last = max([last, *(row.key for row in found)])
        yield [row.summary for row in fresh]


def _table(reader: Reader, lines: int) -> None:
    from rich.live import Live

    from claude_lens.terminal import render

    with Live(console=console(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(render.exchange_table(newest(reader, lines)), refresh=True)
            time.sleep(INTERVAL)


def _print(found: list[Summary], as_json: bool, *, header: bool) -> None:
    from claude_lens.terminal import render

    if as_json:
        for one in found:
            click.echo(json.dumps(one))
    elif found:
        table = render.exchange_table(found)
        table.show_header = header
        console().print(table)
