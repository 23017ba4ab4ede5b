"""``lensctl sessions``: what was recorded, newest first."""

from __future__ import annotations

import sys
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.choosing import chosen, range_options
from claude_lens.terminal.output import json_option, print_json, show

SORTS = {
    "newest": "newest",
    "started": "started",
    "cost": "cost",
    "tokens": "tokens",
    "requests": "exchanges",
    "duration": "duration",
}


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), default=30, show_default=True, help="Most to list.")
@click.option("--tag", metavar="TAG", help="Only those with this tag, in whatever case.")
@range_options
@click.option(
    "--sort",
    type=click.Choice(list(SORTS)),
    default="newest",
    show_default=True,
    help="What comes first: last active, begun last, or the greatest.",
)
@json_option
def command(limit: int, tag: str | None, sort: str, as_json: bool, **options: Any) -> None:
    """List the recorded sessions, those first that were active last.

    --since and --until choose by when a session began. An id may be shortened wherever one is asked for.
    """
    from claude_lens.store.reading import browse
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import render

    with open_reader(setting_table.load()) as reader:
        wanted = chosen(reader, options)
        choice = browse.Choice(
            project=wanted.project or "",
            tag=tag or "",
            since=wanted.since,
            until=wanted.until,
            order=SORTS[sort],  # type: ignore[arg-type]
        )
        with reader.connect() as connection:
            ids = browse.find(connection, choice, limit).ids
        found = reader.sessions_of(ids)
        if as_json:
            from claude_lens.store.happened.listing import told

            print_json(told(reader, found))
            return
    if found:
        show(render.session_table(found))
    elif tag is not None:
        print(f"no session has the tag {tag!r}", file=sys.stderr)
    elif wanted.project or wanted.since is not None or wanted.until is not None:
        print("no session began in this range", file=sys.stderr)
    else:
        print("no session recorded yet; run: claude-lens", file=sys.stderr)
