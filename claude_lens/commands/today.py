"""``lensctl today``: who is at work and who waits, what ended since, what it cost, what was lost."""

from __future__ import annotations

import time

import click

from claude_lens import settings as setting_table
from claude_lens import when
from claude_lens.terminal.output import console, json_option, print_json


@click.command()
@click.option("--since", metavar="WHEN", help="List what ended since then; otherwise since one last looked.")
@json_option
def command(since: str | None, as_json: bool) -> None:
    """Show the day as the dashboard's first page does: running, waiting for you, finished, failed, costs.

    What ended is listed since one last looked, here or in the dashboard, or since midnight. WHEN is a date,
    a time (2026-01-31T09:30) or an age (2h, 7d). With --json nothing is taken for a look.
    """
    from claude_lens.happened import visits
    from claude_lens.store.happened.today import today
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import day

    settings, now = setting_table.load(), time.time()
    chosen = when.moment(since, when.zone(None), now) if since else None
    looked = visits.before if as_json or chosen is not None else visits.look
    last = looked(settings.home, now)
    with open_reader(settings) as reader:
        found = today(reader, last if chosen is None else chosen, now)
    if as_json:
        print_json(found)
    else:
        console().print(day.whole(found, now))
