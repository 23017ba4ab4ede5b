"""``lensctl diff``: how two requests differ."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.errors import NotFound
from claude_lens.terminal.output import json_option, print_json, show


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", required=False)
@json_option
def command(a: str, b: str | None, as_json: bool) -> None:
    """Compare two requests: parameters, tools, system, messages. With A alone, with the one before it.

    Each is an exchange's id, or SESSION:N, the Nth request of a session's main agent.
    """
    from claude_lens.store.insight.compare import differ, load_sides
    from claude_lens.store.insight.why import of_exchange
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables
    from claude_lens.terminal.choosing import named

    with open_reader(setting_table.load()) as reader:
        idents = [reader.summary(named(reader, each))["id"] for each in (a, b) if each is not None]
        with reader.connect() as connection:
            if len(idents) == 1:
                before = of_exchange(connection, idents[0])["previous_id"]
                if before is None:
                    raise NotFound(
                        f"exchange {idents[0]} is its agent's first: there is none to compare it with"
                    )
                idents.insert(0, before)
            found = differ(*load_sides(connection, idents))
    if as_json:
        print_json(found)
    else:
        show(tables.difference(found))
