"""``lensctl fork``: a recorded session up to a turn, then another way."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.errors import UserError
from claude_lens.terminal.output import json_option, print_json, printable


@click.command()
@click.argument("session")
@click.option(
    "--from",
    "start",
    required=True,
    metavar="TURN",
    help="The turn of the main agent from which it goes on, counted from 1, or an exchange's id.",
)
@click.option("--model", metavar="NAME", help="The model that goes on.  [default: the one that was asked]")
@click.option("--prompt", metavar="TEXT", help="Another prompt in the place of the one that begins the turn.")
@click.option(
    "--system",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Another system prompt.",
)
@click.option("--without-tool", "without", multiple=True, metavar="NAME", help="Take a tool away.")
@click.option("--claude", type=click.Path(path_type=Path), metavar="PATH", help="The client to run.")
@json_option
@click.argument("more", metavar="[-- CLAUDE_ARGS…]", nargs=-1)
def command(
    session: str,
    start: str,
    model: str | None,
    prompt: str | None,
    system: Path | None,
    without: tuple[str, ...],
    claude: Path | None,
    as_json: bool,
    more: tuple[str, ...],
) -> int:
    """Go on from a turn of a recorded session: with another model, prompt, system prompt, or fewer tools.

    SESSION is an id, its beginning, or last. The record answers up to the turn, at no cost; tools work in a
    git worktree of the recorded commit. From the turn on the model answers, through the proxy that runs,
    until the turn's prompt is done. That is recorded as a session of its own, tagged fork-of:SESSION.
    """
    from claude_lens.replay.budget import Budget
    from claude_lens.replay.forking import Wanted, fork
    from claude_lens.terminal.arms import table

    settings = setting_table.load()
    wanted = Wanted(
        session=session,
        start=start,
        prompt=prompt,
        system=_text_of(system) if system else None,
        without=frozenset(without),
        claude=claude,
        more=more,
    )
    told = fork(settings, wanted, [model], _say, Budget(None, settings.home))
    if as_json:
        print_json(told)
    else:
        table(told)
    return 1 if any(one["error"] for one in told["arms"]) else 0


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{file} is no text in UTF-8") from None


def _say(line: str) -> None:
    print(f"fork: {printable(line)}", file=sys.stderr)
