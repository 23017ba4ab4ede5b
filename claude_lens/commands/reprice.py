"""``lensctl reprice``: work out costs again with today's prices."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.choosing import chosen, filter_options
from claude_lens.terminal.output import json_option, print_json
from claude_lens.units import money


@click.command()
@filter_options
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@json_option
def command(dry_run: bool, as_json: bool, **options: Any) -> None:
    """Price recorded tokens anew with the installed LiteLLM's price map; what it does not know stays."""
    from claude_lens.store.maintenance.reprice import reprice
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.progress import progress_bar

    settings = setting_table.load()
    with open_reader(settings) as reader:
        wanted = chosen(reader, options)
    with progress_bar() as progress:
        done = reprice(settings.database_url, wanted, dry_run=dry_run, progress=progress)
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    verb = "would change" if dry_run else "changed"
    print(
        f"{done.changed} of {done.looked_at} costs {verb}: {money(done.before_usd)} → {money(done.after_usd)}"
    )
    if done.unknown:
        print(f"{done.unknown} have a model without a known price, and keep what they had")
