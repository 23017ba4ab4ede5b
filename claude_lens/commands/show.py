"""``lensctl show``: a session's tree, or an exchange in full."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal import console, json_option, print_json


@click.command()
@click.argument("ident", metavar="ID", default="last")
@json_option
def command(ident: str, as_json: bool) -> None:
    """Show a session as a tree of agents and their requests, or one exchange with what was said.

    ID is a session's or an exchange's, or a prefix that fits no other; without one it is the newest session.
    """
    from claude_lens import render
    from claude_lens.store.reading.queries import open_reader

    with open_reader(setting_table.load()) as reader:
        found = reader.resolve(ident)
        if found.kind == "exchange":
            exchange = reader.exchange(found.id)
            if as_json:
                print_json(exchange)
            else:
                console().print(render.exchange_view(exchange))
        elif as_json:
            print_json(reader.show(found.id))
        else:
            session, agents = reader.session(found.id), reader.agents(found.id)
            console().print(render.session_tree(session, agents, reader.exchanges(found.id)))
