"""``lensctl reset``: forget everything."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json
from claude_lens.units import size


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(yes: bool, as_json: bool) -> int:
    """Delete the database with everything recorded; settings and key stay.

    A running proxy begins a new one."""
    from claude_lens.store import database
    from claude_lens.store.maintenance.backup import NOT_DELETED, delete

    url = database.parse(setting_table.load().database_url)
    file = database.file_of(url)
    if file is None:
        raise UserError(NOT_DELETED)
    if file.exists() and not yes:
        question = f"Delete {file} ({size(database.sizes(url))}) for good?"
        if not _answered(question):
            print("lensctl: nothing was deleted", file=sys.stderr)
            return 1
    gone = delete(url)
    if as_json:
        print_json({"file": str(file), "deleted": gone})
    else:
        print(f"{file} deleted" if gone else "there was nothing to delete")
    return 0


def _answered(question: str) -> bool:
    """Whether somebody said yes. Raises UserError where there is nobody to ask."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        print(file=sys.stderr)
        raise UserError("nobody is there to answer: --yes deletes without asking") from None
