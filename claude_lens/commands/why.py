"""``lensctl why``: why a request's prompt did not come from the provider's cache, and what that cost."""

from __future__ import annotations

from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.choosing import chosen, range_options
from claude_lens.terminal.output import json_option, print_json, show


@click.command()
@click.argument("ident", metavar="[SESSION|EXCHANGE]", required=False)
@range_options
@click.option("--all", "show_all", is_flag=True, help="Show the requests that hit the cache too.")
@json_option
def command(ident: str | None, show_all: bool, as_json: bool, **options: Any) -> None:
    """Explain what broke the prompt cache: for an exchange, or for each one of a session.

    Without an id it is the newest session. Every request is compared with the one it goes on from, by the
    same agent; what the client asks for itself and retries are none. With --since, --until or --project
    the misses of all sessions are added up by their causes.
    """
    from claude_lens.store.insight.misses import misses
    from claude_lens.store.insight.why import of_exchange, of_session
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables

    ranged = any(options[name] for name in ("since", "until", "project"))
    if ident is not None and ranged:
        raise UserError("name a session or exchange, or a range (--since, --until, --project): not both")
    with open_reader(setting_table.load()) as reader:
        if ranged:
            wanted = chosen(reader, options)
            with reader.connect() as connection:
                summed = misses(connection, wanted)
            if as_json:
                print_json(summed)
            else:
                show(tables.misses(summed))
            return
        found = reader.resolve(ident or "last")
        with reader.connect() as connection:
            single = found.kind == "exchange"
            reasons = [of_exchange(connection, found.id)] if single else of_session(connection, found.id)
    if as_json:
        print_json(reasons[0] if single else reasons)
    else:
        show(tables.reasons(reasons, details=single, hits=single or show_all))
