"""``lensctl compare``: several models from the same turn of a recorded session on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.settings import is_loopback
from claude_lens.terminal.output import json_option, print_json, printable


@click.command()
@click.argument("session")
@click.option(
    "--from",
    "start",
    required=True,
    metavar="TURN",
    help="The turn of the main agent from which they go on, counted from 1, or an exchange's id.",
)
@click.option("--models", required=True, metavar="A,B…", help="The models, as the proxy knows them.")
@click.option(
    "--verify", metavar="COMMAND", help="Run in each arm's worktree at its end; exit code 0 passes."
)
@click.option("--times", type=click.IntRange(1, 100), default=1, show_default=True, help="Arms a model.")
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    metavar="USD",
    help="What all arms may cost together; the guard of the proxy keeps it.",
)
@click.option("--claude", type=click.Path(path_type=Path), metavar="PATH", help="The client to run.")
@json_option
@click.argument("more", metavar="[-- CLAUDE_ARGS…]", nargs=-1)
def command(
    session: str,
    start: str,
    models: str,
    verify: str | None,
    times: int,
    budget: float | None,
    claude: Path | None,
    as_json: bool,
    more: tuple[str, ...],
) -> int:
    """Compare models: each goes on from the same turn, in a worktree of its own, and a command judges.

    SESSION is an id, its beginning, or last. The record answers up to the turn; each arm is then recorded as
    a session of its own, tagged fork-of:SESSION. One that fails leaves the others. The table shows verdict,
    turns, tokens, cost, time and files changed of each.
    """
    from claude_lens.replay.budget import Budget
    from claude_lens.replay.forking import Wanted, fork
    from claude_lens.terminal.arms import table

    settings = setting_table.load()
    named = [one.strip() for one in models.split(",") if one.strip()]
    if not named:
        raise UserError("--models names no model")
    if budget is not None and not is_loopback(settings.url):
        raise UserError(f"--budget is kept by the guard of {settings.url}, which is set on its own machine")
    wanted = Wanted(session=session, start=start, claude=claude, verify=verify, more=more)
    arms = [one for one in named for _ in range(times)]
    told = fork(settings, wanted, arms, _say, Budget(budget, settings.home))
    if as_json:
        print_json(told)
    else:
        table(told)
    return 1 if any(one["error"] for one in told["arms"]) else 0


def _say(line: str) -> None:
    print(f"compare: {printable(line)}", file=sys.stderr)
