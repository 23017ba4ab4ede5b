"""``lensctl verify``: whether everything stored is still what was recorded."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check every content and every chain against its hash; exit code 1 where something is damaged."""
    from claude_lens.progress import progress_bar
    from claude_lens.store.maintenance.verify import verify
    from claude_lens.store.reading.queries import open_reader

    with progress_bar() as progress, open_reader(setting_table.load()) as reader:
        report = verify(reader, progress)
    if as_json:
        counts = {"contents": report.contents, "nodes": report.nodes, "exchanges": report.exchanges}
        print_json({"sound": report.sound, **counts, "damage": report.damage})
    else:
        print(f"{report.exchanges} exchanges, {report.nodes} steps, {report.contents} contents checked")
        for line in report.damage:
            print(line)
        print("sound" if report.sound else f"{len(report.damage)} problems")
    return 0 if report.sound else 1
