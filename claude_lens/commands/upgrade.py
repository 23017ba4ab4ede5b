"""``lensctl upgrade``: bring the database of an earlier version over."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Bring the database of an earlier version over, all of it, now.

    The tables are changed in a moment, by whatever opens the database first. What takes longer with a large
    one is done a little at a time while the proxy records and others read: the proxy does it by itself, this
    command does it at once and shows how far it is. It may be stopped, or killed, and goes on from there.
    """
    from claude_lens.errors import StoreError
    from claude_lens.store import database
    from claude_lens.store.maintenance import upgrading
    from claude_lens.store.schema import HEAD
    from claude_lens.terminal.progress import progress_lines

    url = setting_table.load().database_url
    address = database.parse(url)
    before = database.found_version(address)
    if before is None:
        raise StoreError(f"{database.shown(address)}: there is no database yet")
    with progress_lines() as progress:
        done = upgrading.bring_over(url, progress)
    if as_json:
        print_json(
            {"before": before, "schema": HEAD, "contents": done.looked_through, "indexed": done.indexed}
        )
        return
    if before == HEAD and not any(done):
        print(f"nothing to do: the database has schema {HEAD}, the newest")
        return
    moved = f"from schema {before} to {HEAD}" if before != HEAD else f"with schema {HEAD}"
    print(
        f"the database is brought over, {moved}; {done.looked_through:,} contents were looked through, "
        f"{done.indexed:,} put into the search index"
    )
