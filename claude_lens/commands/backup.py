"""``lensctl backup``: a copy of the database, while it is in use."""

from __future__ import annotations

from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json
from claude_lens.units import size


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@json_option
def command(file: Path, force: bool, as_json: bool) -> None:
    """Copy the database to FILE, as it is at this moment; recording goes on meanwhile."""
    from claude_lens.store.maintenance.backup import backup
    from claude_lens.terminal.progress import progress_bar

    with progress_bar() as progress:
        written = backup(setting_table.load().database_url, file, force=force, progress=progress)
    if as_json:
        print_json({"file": str(file), "bytes": written})
    else:
        print(f"{file}: {size(written)}")
