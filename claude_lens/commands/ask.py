"""``lensctl ask``: one recorded request again, to the same model or to others."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

import click

from claude_lens import settings as setting_table
from claude_lens.terminal.output import console, json_option, print_json, printable

if TYPE_CHECKING:
    from claude_lens.replay.asking import Answer, Asked

DIFFERENCE_LINES = 20


@click.command()
@click.argument("exchange")
@click.option(
    "--model", "models", multiple=True, metavar="NAME", help="Another model; may come more than once."
)
@click.option("--effort", metavar="NAME", help="Another effort: low, medium, high …")
@json_option
def command(exchange: str, models: tuple[str, ...], effort: str | None, as_json: bool) -> None:
    """Send a recorded request again and show the answers side by side, with price and difference.

    EXCHANGE is an id, its beginning, SESSION:N (the Nth request of a session's main agent), or last. The body
    is the recorded one; only the model (and the effort) is another. It goes through the proxy that runs, at
    its price, and is recorded as a session of its own with the tag ask. Without --model the same model is
    asked.
    """
    from claude_lens.replay.asking import TAG, ask
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.writing import tagging
    from claude_lens.terminal.choosing import named

    settings = setting_table.load()
    with open_reader(settings) as reader:
        found = ask(reader, named(reader, exchange), models, effort)
    for one in found["answers"]:
        if one["usage"] is not None or one["cost_usd"] is not None:
            tagging.change(settings.database_url, one["session_id"], [TAG], ())
    for problem in found["problems"]:
        print(f"ask: {problem}", file=sys.stderr)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: Asked) -> None:
    from rich.table import Table
    from rich.text import Text

    from claude_lens.replay.asking import words

    answers = [("recorded", found["recorded"]), *(("now", one) for one in found["answers"])]
    table = Table(show_header=True, show_lines=True, expand=sys.stdout.isatty())
    for when, one in answers:
        table.add_column(f"{when}: {printable(one['model'])}", ratio=1, overflow="fold")
    table.add_row(*(_numbers(one) for _, one in answers))
    table.add_row(*(Text("\n".join(map(printable, words(one["response"])))) for _, one in answers))
    console().print(table)
    before = words(found["recorded"]["response"])
    for one in found["answers"]:
        changed = list(difflib.unified_diff(before, words(one["response"]), lineterm="", n=0))
        lines = [line for line in changed if not line.startswith(("---", "+++", "@@"))]
        if not lines:
            print(f"{printable(one['model'])}: says the same")
            continue
        print(f"{printable(one['model'])}: differs in {len(lines)} lines")
        for line in lines[:DIFFERENCE_LINES]:
            print(f"    {printable(line)}")


def _numbers(one: Answer) -> str:
    from claude_lens.units import count, duration, money

    usage = one["usage"]
    tokens = "no tokens" if usage is None else f"{count(usage['output_tokens'])} tokens out"
    status = "" if one["status"] == 200 else f"status {one['status']} · "
    return f"{status}{money(one['cost_usd'])} · {tokens} · {duration(one['duration_ms'])}"
