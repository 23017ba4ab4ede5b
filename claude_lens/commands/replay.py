"""``lensctl replay``: a recorded session again, answered from the record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from claude_lens import settings as setting_table
from claude_lens.errors import HostError, UserError
from claude_lens.terminal.output import json_option, print_json, printable

if TYPE_CHECKING:
    from claude_lens.replay.outcome import Outcome

CANNOT = 2


@click.command()
@click.argument("session")
@click.option(
    "--speed",
    type=click.Choice(["1", "max"]),
    default="1",
    show_default=True,
    help="As fast as it was, or at once.",
)
@click.option(
    "--tools",
    type=click.Choice(["recorded", "real"]),
    default="recorded",
    show_default=True,
    help="Give each call its recorded result, or let tools work in a worktree of their own.",
)
@click.option(
    "--claude",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PATH",
    help="The client to run.  [default: the one that claude-lens runs]",
)
@click.option("--here", is_flag=True, help="With --tools real: in the project itself, not in a worktree.")
@click.option(
    "--then-live",
    is_flag=True,
    help="Go on with the real provider after the first divergence; implies --tools real.",
)
@json_option
@click.argument("more", metavar="[-- CLAUDE_ARGS…]", nargs=-1)
def command(
    session: str,
    speed: str,
    tools: Literal["recorded", "real"],
    claude: Path | None,
    here: bool,
    then_live: bool,
    as_json: bool,
    more: tuple[str, ...],
) -> int:
    """Play a recorded session to the real claude, with no provider and at no cost.

    SESSION is an id, its beginning, or last. Every answer comes from the record, byte for byte, from a server
    of its own; nothing is recorded. At the end it says which requests were as recorded, which differed and in
    what, and which never came.

    Exit codes: 0 nothing diverged, 1 something did, 2 it cannot be replayed.
    """
    from claude_lens.redact.chosen import redactor
    from claude_lens.replay.stage import Wanted, replay
    from claude_lens.store.reading.queries import open_reader

    settings = setting_table.load()
    tools = "real" if then_live else tools
    if here and tools != "real":
        raise UserError("--here says where tools work: it goes with --tools real")
    wanted = Wanted(
        session=session,
        paced=speed == "1",
        tools=tools,
        claude=claude,
        here=here,
        then_live=then_live,
        more=more,
    )
    try:
        with open_reader(settings) as reader:
            outcome = replay(reader, wanted, _say, redactor(settings))
    except HostError as error:
        print(f"lensctl: {error}", file=sys.stderr)
        return CANNOT
    if as_json:
        print_json(outcome.told())
    else:
        _show(outcome)
    return outcome.exit_code


def _say(line: str) -> None:
    print(f"replay: {printable(line)}", file=sys.stderr)


def _show(outcome: Outcome) -> None:
    told = outcome.told()
    for one in told["diverged"]:
        who = f"agent {one['agent']}" if one["agent"] else "main"
        turn = f", turn {one['turn']}" if one["turn"] else ""
        where = f" (exchange {one['exchange_id'][:12]})" if one["exchange_id"] else ""
        print(f"diverged: {printable(who)}{turn}{where}: {printable(one['part'])}")
        for line in one["difference"].splitlines():
            print(f"    {printable(line)}")
    if told["following"]:
        print(f"{told['following']} later requests repeat these differences")
    if told["live"]:
        print(f"{told['live']} requests were answered by the provider")
    counts = [f"{told['matched']} matched", f"{len(told['diverged'])} diverged", f"{told['unused']} unused"]
    print(", ".join(counts))
