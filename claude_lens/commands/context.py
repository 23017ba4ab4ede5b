"""``lensctl context``: what fills a request's context window."""

from __future__ import annotations

from collections.abc import Mapping

import click

from claude_lens import settings as setting_table
from claude_lens.errors import NotFound
from claude_lens.terminal.output import json_option, print_json, show


@click.command()
@click.argument("exchange", metavar="[EXCHANGE]", default="last")
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=40, show_default=True, help="Most rows to show."
)
@json_option
def command(exchange: str, limit: int, as_json: bool) -> None:
    """Take a request apart: system, tools, MCP servers, texts, thinking, results by tool and file.

    Tokens are estimated; they add up to what the provider counted. EXCHANGE is an id, its
    beginning, last (which it is without one), or SESSION:N, the Nth request of the main agent.
    """
    from claude_lens.store.insight.context import context
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables
    from claude_lens.terminal.choosing import named

    with open_reader(setting_table.load()) as reader:
        found = reader.exchange(named(reader, exchange))
    body, usage, answer = found["request"]["body"], found["usage"], found["response"]
    if not isinstance(body, Mapping):
        raise NotFound(f"the request of exchange {found['id']} was not kept, or is no JSON object")
    counted = None
    if usage:
        counted = (
            usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        )
    elif (
        answer and isinstance(answer["body"], Mapping) and isinstance(answer["body"].get("input_tokens"), int)
    ):
        counted = answer["body"]["input_tokens"]
    shown = context(body, counted)
    if as_json:
        print_json(shown)
    else:
        show(tables.context_table(shown, limit))
