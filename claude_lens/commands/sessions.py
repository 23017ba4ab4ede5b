"""``lensctl sessions``: what was recorded, newest first."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import console, json_option, print_json


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), default=30, show_default=True, help="Most to list.")
@click.option("--tag", metavar="TAG", help="Only those with this tag, in whatever case.")
@json_option
def command(limit: int, tag: str | None, as_json: bool) -> None:
    """List the recorded sessions, the newest first."""
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import render

    with open_reader(setting_table.load()) as reader:
        found = reader.sessions(limit, tag=tag)
        if as_json:
            from claude_lens.store.happened.listing import told

            print_json(told(reader, found))
            return
    if found:
        console().print(render.session_table(found))
    elif tag is not None:
        print(f"no session has the tag {tag!r}", file=sys.stderr)
    else:
        print("no session recorded yet; run: claude-lens", file=sys.stderr)
