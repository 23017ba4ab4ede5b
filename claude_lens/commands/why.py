"""``lensctl why``: why a request's prompt did not come from the provider's cache."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import console, json_option, print_json


@click.command()
@click.argument("ident", metavar="[SESSION|EXCHANGE]", default="last")
@click.option("--all", "show_all", is_flag=True, help="Show the requests that hit the cache too.")
@json_option
def command(ident: str, show_all: bool, as_json: bool) -> None:
    """Explain what broke the prompt cache: for an exchange, or for each one of a session.

    Without an id it is the newest session. Every request is compared with the one before it by the same
    agent.
    """
    from claude_lens.store.insight.why import of_exchange, of_session
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables

    with open_reader(setting_table.load()) as reader:
        found = reader.resolve(ident)
        with reader.connect() as connection:
            single = found.kind == "exchange"
            reasons = [of_exchange(connection, found.id)] if single else of_session(connection, found.id)
    if as_json:
        print_json(reasons[0] if single else reasons)
    else:
        console().print(tables.reasons(reasons, details=single, hits=single or show_all))
