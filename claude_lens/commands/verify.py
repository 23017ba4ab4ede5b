"""``lensctl verify``: whether everything stored is still what was recorded."""

from __future__ import annotations

import os

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check contents and chains against their hashes, streams for their messages; exit code 1 for damage.

    Beside that, sessions whose cost is another one than Claude Code's own total in its transcripts are named.
    """
    from claude_lens.store.maintenance.verify import verify
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer import client_costs, transcripts
    from claude_lens.terminal.progress import progress_bar

    with progress_bar() as progress, open_reader(setting_table.load()) as reader:
        report = verify(reader, progress)
        costs = list(client_costs.compared(reader, transcripts.folder(os.environ)))
    if as_json:
        counts = {name: getattr(report, name) for name in ("contents", "nodes", "exchanges", "streams")}
        told = {"sound": report.sound, **counts, "notes": report.notes, "damage": report.damage}
        beside = [
            {
                "session": one.session,
                "client_usd": one.client_usd,
                "recorded_usd": one.recorded_usd,
                "agree": one.agree,
            }
            for one in costs
        ]
        print_json({**told, "client_costs": beside})
    else:
        print(
            f"{report.exchanges} exchanges, {report.nodes} steps, {report.contents} contents, "
            f"{report.streams} streams checked"
        )
        for line in (*report.notes, *report.damage):
            print(line)
        for line in client_costs.summary(costs):
            print(line)
        print("sound" if report.sound else f"{len(report.damage)} problems")
    return 0 if report.sound else 1
