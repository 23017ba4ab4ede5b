"""``lensctl plan``: how much of a subscription's windows is used, and who used it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import click
from rich.table import Table

from claude_lens import settings as setting_table
from claude_lens.guard import words
from claude_lens.store.numbers.plan import PlanWindow
from claude_lens.terminal.output import console, json_option, print_json, printable

NOTHING = (
    "no reading of a plan yet: answers to a claude.ai login tell them (claude-lens passes the login on where "
    "the proxy has no key of its own)"
)
SHOWN = 12


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show the 5-hour and the 7-day window: used, when it resets, when it is full, and who used it.

    The provider tells rounded figures for the whole account; each rise belongs to the requests that ended
    since the one before, by what their tokens cost. What none of them explains was used elsewhere.
    """
    from claude_lens.store.numbers.plan import plan
    from claude_lens.store.reading.queries import open_reader

    with open_reader(setting_table.load()) as reader, reader.connect() as connection:
        windows = plan(connection)
    if as_json:
        print_json({"windows": windows})
    elif not windows:
        print(NOTHING)
    else:
        show(windows)


def show(windows: Sequence[PlanWindow]) -> None:
    """The same for people."""
    now = time.time()
    accounts = {window["account"] for window in windows}
    for window in windows:
        whose = f" of {printable(window['account'])}" if len(accounts) > 1 else ""
        line = f"{window['name']}{whose}: {words.amount(window['used'], 'plan')} used"
        if window["resets_at"]:
            line += f", resets {_moment(window['resets_at'], now)}"
        if window["full_at"]:
            line += f", at this pace full {_moment(window['full_at'], now)}"
        print(line)
        table = Table("share", "agent", "model", "session", "project", box=None, pad_edge=False)
        for part in window["by"][:SHOWN]:
            cells = (part["agent"], part["model"], (part["session_id"] or "")[:8], part["project"])
            table.add_row(words.amount(part["share"], "plan"), *(printable(cell) or "-" for cell in cells))
        rest = window["by"][SHOWN:]
        if rest:
            share = sum(part["share"] for part in rest)
            table.add_row(words.amount(share, "plan"), f"{len(rest)} more", "", "", "")
        if window["elsewhere"]:
            table.add_row(words.amount(window["elsewhere"], "plan"), "elsewhere", "", "", "")
        console().print(table)


def _moment(iso: str, now: float) -> str:
    return words.moment(datetime.fromisoformat(iso).timestamp(), now)
