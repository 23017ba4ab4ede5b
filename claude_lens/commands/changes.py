"""``lensctl changes``: which files a session changed."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import console, json_option, print_json


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@json_option
def command(session: str, as_json: bool) -> None:
    """Show the files that a session created and edited: edits, failed ones, lines added and removed.

    SESSION is an id, its beginning, or last, which it is without one. Told by the calls of the editing tools
    and their results; what a command wrote is not seen.
    """
    from claude_lens.store.happened.files import changes
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import day

    with open_reader(setting_table.load()) as reader:
        about = reader.session(session)
        with reader.connect() as connection:
            found = changes(connection, about["id"])
    if as_json:
        print_json(found)
    elif found:
        console().print(day.changes_table(found, about["project"]))
    else:
        print("no file was edited in this session", file=sys.stderr)
