"""``lensctl tag``: names for a session, to find it again."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json


@click.command()
@click.argument("session")
@click.argument("tags", metavar="[TAG…]", nargs=-1)
@click.option(
    "--remove", multiple=True, metavar="TAG", help="Take this tag off; may be given more than once."
)
@json_option
def command(session: str, tags: tuple[str, ...], remove: tuple[str, ...], as_json: bool) -> None:
    """Tag a session, or list its tags.

    SESSION is an id, its beginning, or last. A tag has 1 to 64 printable characters; its case is kept, but
    two that differ only in case are one. `lensctl sessions --tag TAG` finds what has it.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.rows import key_of
    from claude_lens.store.writing import tagging

    settings = setting_table.load()
    with open_reader(settings) as reader:
        found = reader.session(session)
    named = found["tags"]
    missing = {key_of(tag) for tag in remove} - {key_of(tag) for tag in named}
    for tag in remove:
        if key_of(tag) in missing:
            raise UserError(f"session {found['id']} has no tag {tag!r}")
    if tags or remove:
        named = tagging.change(settings.database_url, found["id"], tags, remove)
    if as_json:
        print_json({"session": found["id"], "tags": named})
    elif named:
        print("\n".join(named))
    else:
        print("no tags", file=sys.stderr)
