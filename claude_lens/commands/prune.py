"""``lensctl prune``: forget what is old, too much, or of one session."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import click

from claude_lens import settings as setting_table
from claude_lens import when
from claude_lens.errors import StoreError, UserError
from claude_lens.terminal.output import json_option, print_json
from claude_lens.units import size

_ROOM: Final = 64 << 20
"""Bytes that deleting takes for a while: what is deleted is written down first, so that it can be undone."""


def _room(home: Path, problem: str) -> str:
    """What to do where a full disk is the ``problem``; nothing otherwise."""
    if "full" not in problem:
        return ""
    files = (
        [path for path in home.iterdir() if path.is_file() and ".log" in path.suffixes]
        if home.is_dir()
        else []
    )
    sizes = sorted(((path.stat().st_size, path.name) for path in files), reverse=True)
    logs = f", {sizes[0][1]} ({size(sizes[0][0])}) among it" if sizes and sizes[0][0] >= 1 << 20 else ""
    return (
        f"\ndeleting needs room for a while: free {size(_ROOM)} on that disk by other means first{logs}, "
        "then run lensctl prune again; it goes on where it stopped"
    )


@click.command()
@click.option("--older-than", metavar="WHEN", help="What began longer ago than 30d, or before 2026-01-31 …")
@click.option("--max-size", metavar="SIZE", help="The oldest, until the database is no larger than 2GB …")
@click.option("--session", metavar="ID", help="One session.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
def command(
    older_than: str | None, max_size: str | None, session: str | None, dry_run: bool, as_json: bool
) -> None:
    """Delete exchanges and all that only they needed; the file shrinks, statistics stay.

    Without options it does what CLAUDE_LENS_KEEP_DAYS and CLAUDE_LENS_MAX_SIZE say. It may run while
    the proxy records, and be stopped at any moment.
    """
    import time

    from claude_lens import values
    from claude_lens.store.maintenance.retention import DAY, prune
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.progress import progress_bar

    settings = setting_table.load()
    try:
        limit = values.size(max_size) if max_size else None
    except ValueError as problem:
        raise UserError(f"--max-size {max_size!r} is not valid: expected {problem}") from None
    moment = when.moment(older_than, when.zone(None)) if older_than else None
    if not (older_than or max_size or session):
        limit = settings.max_size
        moment = None if settings.keep_days is None else time.time() - settings.keep_days * DAY
        if limit is None and moment is None:
            raise UserError("say what to forget: --older-than, --max-size or --session")
    with open_reader(settings) as reader:
        ident = reader.session(session)["id"] if session else None
    try:
        with progress_bar() as progress:
            done = prune(
                settings.database_url,
                older_than=moment,
                max_size=limit,
                session=ident,
                dry_run=dry_run,
                progress=progress,
            )
    except StoreError as error:
        raise StoreError(f"{error}{_room(settings.home, str(error))}") from None
    if as_json:
        print_json(dataclasses.asdict(done))
        return
    verb = "would go" if dry_run else "gone"
    sizes = "" if dry_run else f"; database {size(done.bytes_before)} → {size(done.bytes_after)}"
    print(f"{done.exchanges} exchanges and {done.sessions} whole sessions {verb}{sizes}")
