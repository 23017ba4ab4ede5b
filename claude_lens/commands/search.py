"""``lensctl search``: full text over everything that was said."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens import when
from claude_lens.terminal.output import json_option, print_json, show


def unindexed(share: float) -> str:
    """What of the store is not found yet, in words."""
    return (
        f"the oldest {max(1, round(share * 100))} % of the messages are not found yet: the search index is "
        "being made anew after an upgrade; lensctl upgrade does it at once"
    )


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", metavar="QUERY…", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="Most to show.")
@click.option(
    "--after", type=int, metavar="CURSOR", help="Those that follow the page that ended with this cursor."
)
@json_option
def command(query: tuple[str, ...], limit: int, after: int | None, as_json: bool) -> None:
    """Search prompts, answers, thinking, tool inputs and results; the newest come first.

    Words, "phrases", pre*, -not, OR, and agent: tool: project: branch: model: session: class:
    in:prompt|answer|thinking|input|result before: after: (7d, 2026-01-31 …). Names are found by their parts
    and as a whole (fooBar, foo_bar, C++, .env, --flag); of Chinese, Thai and the like any part is found.
    """
    from claude_lens.store.maintenance.reindex import share_left
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.reading.search import parse, search
    from claude_lens.terminal import tables

    # What the shell took for one word was written as a phrase.
    quoted = [f'"{word}"' if " " in word and '"' not in word else word for word in query]
    wanted = parse(query[0] if len(query) == 1 else " ".join(quoted), when.zone(None))
    with open_reader(setting_table.load()) as reader, reader.connect() as connection:
        found = search(connection, wanted, limit=limit, before=after)
        missing = share_left(connection)
    if missing:
        print(unindexed(missing), file=sys.stderr)
    if as_json:
        print_json(found)
    elif found:
        show(tables.hits(found))
        if len(found) == limit:
            print(f"more: --after {found[-1]['cursor']}", file=sys.stderr)
    else:
        print("nothing found", file=sys.stderr)
