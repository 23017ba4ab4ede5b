"""``lensctl stats``: what it cost, how fast it was, what failed."""

from __future__ import annotations

from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens import when
from claude_lens.errors import UserError
from claude_lens.terminal.choosing import chosen, filter_options
from claude_lens.terminal.output import json_option, print_json, show

GROUPS = ("day", "hour", "model", "provider", "project", "branch", "session", "agent", "tool", "class")


@click.command()
@filter_options
@click.option("--by", type=click.Choice(GROUPS), metavar="GROUP", help=f"One of {', '.join(GROUPS)}.")
@click.option("--tools", "show_tools", is_flag=True, help="Numbers of tools instead.")
@click.option(
    "--plan", "show_plan", is_flag=True, help="Also: the plan's windows by session, agent or project."
)
@click.option("--as-if", metavar="MODEL", help="Also: what it would have cost on this model.")
@json_option
def command(
    by: str | None, show_tools: bool, show_plan: bool, as_if: str | None, as_json: bool, **options: Any
) -> None:
    """Add up cost, tokens, requests, errors and speed, over any range and by any group.

    A range begins and ends at a quarter of an hour; percentiles are within 2.2 %. What has no known price is
    shown as ?, never as 0. --as-if takes no account of higher prices for long prompts.
    """
    from claude_lens.store.maintenance.prices import prices_of
    from claude_lens.store.numbers.limits import latest
    from claude_lens.store.numbers.plan import grouped, plan
    from claude_lens.store.numbers.stats import stats
    from claude_lens.store.numbers.tool_stats import tools
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import tables
    from claude_lens.wire import pricing

    if show_plan and by not in ("session", "agent", "project"):
        raise UserError("--plan needs --by session, --by agent or --by project")
    prices = prices_of(as_if) if as_if else None
    if as_if and prices is None:
        raise UserError(f"no price is known for the model {as_if!r}")
    base = {name: value for name, value in (prices or {}).items() if "_above_" not in name or "1hr" in name}
    with open_reader(setting_table.load()) as reader:
        zone = when.zone(options.get("tz"))
        wanted = chosen(reader, options)
        with reader.connect() as connection:
            if show_tools:
                used = tools(connection, wanted)
                if as_json:
                    print_json(used)
                else:
                    show(tables.tool_table(used))
                return
            pricer = (lambda usage: pricing.cost(usage, base)) if as_if else None
            found = stats(connection, wanted, by=by, tz=zone, as_if=pricer)
            limits = latest(connection)
            shares = grouped(plan(connection), str(by)) if show_plan else None
    if as_json:
        print_json({**found, "limits": limits, **({} if shares is None else {"plan": shares})})
    else:
        show(tables.numbers(found, limits, as_if))
        if shares is not None:
            show(tables.plan_shares(shares, str(by)))
