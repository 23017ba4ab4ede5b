"""``lensctl waste``: what was wasted, what it cost, and what to do about it."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.errors import StoreError
from claude_lens.settings import Settings
from claude_lens.terminal.choosing import chosen, range_options
from claude_lens.terminal.output import json_option, print_json, show

_STEP = "looking through sessions"


@click.group(name="waste", invoke_without_command=True)
@click.option("--session", metavar="ID", help="Of this session (an id, its beginning, or last).")
@range_options
@json_option
@click.pass_context
def command(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Say what was wasted in the last 30 days, the dearest first, and one remedy for each.

    A finding is measured (by the provider's counts and recorded prices alone) or estimated. Nothing is said
    of what is less than one cent or 1 % of what was spent.
    """
    if context.invoked_subcommand is not None:
        return
    from claude_lens.terminal import findings

    found = _look(setting_table.load(), options)
    if as_json:
        print_json(found)
    else:
        show(findings.findings(found))


@command.command("accept")
@click.argument("ident", metavar="ID")
@click.option("--undo", is_flag=True, help="Take it back.")
@range_options
@json_option
def accept(ident: str, undo: bool, as_json: bool, **options: Any) -> None:
    """Note that you do something about a finding from now on: `lensctl waste report` compares then.

    ID is a finding's, or its beginning. Name the range (--since) where it is older than 30 days.
    """
    from claude_lens.findings import accepted
    from claude_lens.store.reading.forms import iso
    from claude_lens.store.reading.queries import open_reader

    settings = setting_table.load()
    if undo:
        with open_reader(settings) as reader, reader.connect() as connection:
            name = accepted.by_prefix(list(accepted.dates(connection)), ident)
        accepted.forget(settings.database_url, name)
        at = None
    else:
        listed = {one["id"]: one for one in _look(settings, options, every=True)["findings"]}
        name = accepted.by_prefix(list(listed), ident)
        at = iso(accepted.accept(settings.database_url, listed[name]))
    if as_json:
        print_json({"id": name, "accepted_at": at})
    elif at is None:
        print(f"{name} is accepted no longer")
    else:
        print(f"{name} is noted: lensctl waste report compares what comes with what was before")


@command.command("report")
@json_option
def report(as_json: bool) -> None:
    """Compare the sessions before and after each finding was accepted."""
    from claude_lens.findings.report import report as outcomes
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import findings

    with open_reader(setting_table.load()) as reader, reader.connect() as connection:
        found = outcomes(connection)
    if as_json:
        print_json(found)
    elif found:
        show(findings.outcomes(found))
    else:
        print("no finding was accepted yet: lensctl waste lists them", file=sys.stderr)


def _look(settings: Settings, options: dict[str, Any], *, every: bool = False) -> Any:
    """The findings; what had to be looked through is kept where that can be written."""
    import dataclasses

    from claude_lens.findings import accepted, kept, look
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.progress import progress_bar

    with open_reader(settings) as reader:
        wanted = chosen(reader, options)
        if wanted.since is None and wanted.session is None:
            before = time.time() if wanted.until is None else wanted.until
            wanted = dataclasses.replace(wanted, since=before - look.DAYS * 86400)
        with reader.connect() as connection:
            stale = look.stale(connection, wanted)
        if stale:
            # Another's database may be read-only: then it is worked out for this time alone.
            with suppress(StoreError), progress_bar() as progress:
                kept.keep(settings.database_url, stale, lambda share: progress(_STEP, share))
        with reader.connect() as connection:
            return look.waste(connection, wanted, accepted.dates(connection), every=every)
