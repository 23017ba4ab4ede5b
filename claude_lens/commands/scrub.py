"""``lensctl scrub``: take secrets out of what is stored already."""

from __future__ import annotations

import dataclasses

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import json_option, print_json


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what has secrets.")
@json_option
def command(dry_run: bool, as_json: bool) -> None:
    """Redact keys and tokens in everything that was recorded, with the patterns in force now.

    It may run while the proxy records, and be stopped and begun anew.
    """
    from claude_lens.redact import Redactor, redactor
    from claude_lens.store.maintenance.scrub import scrub
    from claude_lens.terminal.progress import progress_bar

    settings = setting_table.load()
    with progress_bar() as progress:
        done = scrub(
            settings.database_url, redactor(settings) or Redactor(), dry_run=dry_run, progress=progress
        )
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    verb = "have" if dry_run else "had"
    others = f"{done.streams} streams and {done.others} other values"
    print(f"{done.contents} of {done.looked_at} contents, {others} {verb} secrets")
