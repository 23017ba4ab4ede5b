"""``lensctl sql``: a question of one's own to the database."""

from __future__ import annotations

import csv
import sys
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import console, json_option, print_json, printable


@click.command()
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, with a line of names.")
@json_option
def command(query: str, as_csv: bool, as_json: bool) -> None:
    """Ask the database in SQL; it reads and changes nothing.

    Over the views sessions, exchanges, tool_calls and tags; lensctl sql "SELECT * FROM exchanges LIMIT 1"
    shows what they have. Times are seconds since the epoch, costs US dollars.
    """
    from claude_lens.store.reading.sql import asked

    if as_csv and as_json:
        raise UserError("--csv or --json, not both")
    with asked(setting_table.load().database_url, query) as answer:
        if as_csv:
            writer = csv.writer(sys.stdout)
            writer.writerow(answer.columns)
            writer.writerows(answer.rows)
        elif as_json:
            print_json([dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows])
        else:
            _show(answer.columns, answer.rows)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _show(columns: Any, rows: Any) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*map(printable, columns), box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text("" if value is None else printable(str(_plain(value)))) for value in row))
    console().print(table)
