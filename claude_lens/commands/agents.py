"""``lensctl agents``: who worked in a session, and what each took."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json, show


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@json_option
def command(session: str, as_json: bool) -> None:
    """Show the agents of a session as a tree, each with its requests, tokens, cost, time and tools.

    SESSION is an id, its beginning, or last, which it is without one.
    """
    from claude_lens.store.reading.agents import tree
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables

    with open_reader(setting_table.load()) as reader:
        found = tree(reader, session)
    if as_json:
        print_json(found)
    else:
        show(tables.agent_table(found))
