"""``lensctl show``: a session's tree, or an exchange in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from claude_lens import settings as setting_table
from claude_lens.errors import NotFound, UserError
from claude_lens.terminal.output import json_option, print_json, show

if TYPE_CHECKING:
    from claude_lens.store.reading.queries import Reader


@click.command()
@click.argument("ident", metavar="[ID]", default="last")
@click.option("--raw", is_flag=True, help="Only the answer's event stream, byte for byte as it came.")
@json_option
def command(ident: str, raw: bool, as_json: bool) -> None:
    """Show a session as a tree of agents and their requests, or one exchange with what was said.

    ID is a session's or an exchange's, its beginning, or last; without one it is the newest session.
    With --raw it is an exchange's.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import render

    if raw and as_json:
        raise UserError("--raw is bytes as they came, not JSON: leave out one of --raw and --json")
    with open_reader(setting_table.load()) as reader:
        if raw:
            _write_stream(reader, ident)
            return
        found = reader.resolve(ident)
        if found.kind == "exchange":
            exchange = reader.exchange(found.id)
            if as_json:
                print_json(exchange)
            else:
                show(render.exchange_view(exchange))
        elif as_json:
            print_json(reader.show(found.id))
        else:
            session, agents = reader.session(found.id), reader.agents(found.id)
            show(render.session_tree(session, agents, reader.exchanges(found.id)))


def _write_stream(reader: Reader, ident: str) -> None:
    """The bytes on standard output. Raises :class:`NotFound` saying why there are none."""
    from claude_lens.store.reading.raw import raw

    found = reader.resolve(ident, "exchange")
    if found.kind != "exchange":
        raise UserError(f"{ident!r} is a session; --raw is for one exchange (lensctl exchanges lists them)")
    with reader.connect() as connection:
        stream = raw(connection, found.id)
    if stream.body is None:
        raise NotFound(f"no raw stream is kept of exchange {found.id}: {stream.why}")
    sys.stdout.buffer.write(stream.body)
