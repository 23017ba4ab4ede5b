"""``lensctl salvage``: what can still be read of a damaged database."""

from __future__ import annotations

import dataclasses
import sys

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Save what can be read of a damaged SQLite database into a new one, which takes its place.

    The damaged file stays beside it as FILE.damaged. The proxy has to be stopped (lensctl down). A request
    whose body cannot be read keeps its figures. Exit code 1 where something could not be saved.
    """
    from claude_lens.proxy import supervisor
    from claude_lens.store.maintenance.salvage import salvage
    from claude_lens.terminal.progress import progress_bar

    settings = setting_table.load()
    if supervisor.current(settings) is not None:
        raise UserError("the proxy writes to this database: stop it first, with lensctl down")
    with progress_bar() as progress:
        saved = salvage(settings.database_url, progress)
    if as_json:
        print_json(dataclasses.asdict(saved) | {"file": str(saved.file), "damaged": str(saved.damaged)})
    else:
        whole = f"{saved.exchanges} exchanges saved"
        print(f"{whole}, {saved.figures_only} more with their figures alone" if saved.figures_only else whole)
        for table in saved.unreadable:
            print(f"not all of {table} could be read")
        print(f"the damaged file is now {saved.damaged}", file=sys.stderr)
    return 1 if saved.unreadable or saved.figures_only else 0
