"""``lensctl exchanges``: single requests, chosen and sorted."""

from __future__ import annotations

import sys
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.choosing import chosen, filter_options
from claude_lens.terminal.output import json_option, print_json, show


@click.command()
@filter_options
@click.option(
    "--status",
    type=click.Choice(["ok", "error", "cancelled", "interrupted", "refused", "running"]),
    help="How it ended.",
)
@click.option("--min-cost", type=float, metavar="USD", help="That cost at least so much.")
@click.option("--min-duration", type=float, metavar="SECONDS", help="That took at least so long.")
@click.option(
    "--sort",
    type=click.Choice(["newest", "oldest", "cost", "duration"]),
    default="newest",
    show_default=True,
    help="What comes first.",
)
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="Most to list.")
@click.option("--after", metavar="CURSOR", help="Those that follow the page that ended with this cursor.")
@json_option
def command(
    as_json: bool,
    limit: int,
    sort: Any,
    after: str | None,
    status: str | None,
    min_cost: float | None,
    min_duration: float | None,
    **options: Any,
) -> None:
    """List requests and their answers: by session, agent, model, project, tool, time, cost …"""
    import dataclasses

    from claude_lens.store.reading.filters import page
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import render

    with open_reader(setting_table.load()) as reader:
        wanted = dataclasses.replace(
            chosen(reader, options),
            status=status,
            min_cost=min_cost,
            min_duration_ms=None if min_duration is None else min_duration * 1000,
        )
        with reader.connect() as connection:
            found = page(connection, wanted, sort=sort, limit=limit, after=after)
    if as_json:
        print_json({"exchanges": found.exchanges, "next": found.next})
        return
    if not found.exchanges:
        print("no exchange fits", file=sys.stderr)
        return
    show(render.exchange_table(found.exchanges))
    if found.next:
        print(f"more: --after {found.next}", file=sys.stderr)
