"""``lensctl verify``: whether everything stored is still what was recorded."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check contents and chains against their hashes, streams for their messages; exit code 1 for damage."""
    from claude_lens.store.maintenance.verify import verify
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.progress import progress_bar

    with progress_bar() as progress, open_reader(setting_table.load()) as reader:
        report = verify(reader, progress)
    if as_json:
        counts = {name: getattr(report, name) for name in ("contents", "nodes", "exchanges", "streams")}
        print_json({"sound": report.sound, **counts, "notes": report.notes, "damage": report.damage})
    else:
        print(
            f"{report.exchanges} exchanges, {report.nodes} steps, {report.contents} contents, "
            f"{report.streams} streams checked"
        )
        for line in (*report.notes, *report.damage):
            print(line)
        print("sound" if report.sound else f"{len(report.damage)} problems")
    return 0 if report.sound else 1
