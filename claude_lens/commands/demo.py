"""``lensctl demo``: see it work, with no key and no network."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

from claude_lens.terminal.output import console, json_option, print_json


@click.command()
@click.option("--no-claude", is_flag=True, help="Send the requests without running claude.")
@click.option("--keep", is_flag=True, help="Keep the temporary folder and say where it is.")
@json_option
def command(no_claude: bool, keep: bool, as_json: bool) -> None:
    """Play a short session with a subagent and show what was recorded.

    Everything happens in a temporary folder, against a provider that is part of claude-lens: no key is
    needed, nothing goes over the network, and neither ~/.claude nor ~/.claude-lens is touched. Takes some
    ten seconds.
    """
    from claude_lens.demo import stage
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal import render

    with stage.temporary(keep) as folder:
        settings = stage.run(folder, not no_claude, lambda line: print(f"demo: {line}", file=sys.stderr))
        with open_reader(settings) as reader:
            if as_json:
                print_json(reader.show("last"))
            else:
                session = reader.session("last")
                tree = render.session_tree(session, reader.agents("last"), reader.exchanges("last"))
                console().print(tree)
        if keep:
            print(
                f"demo: kept; look into it with: CLAUDE_LENS_HOME={settings.home} lensctl show",
                file=sys.stderr,
            )
        ours = [program(name) for name in ("claude-lens", "lensctl")]
        print(f"demo: now yours: {ours[0]} in place of claude, then {ours[1]} open", file=sys.stderr)


def program(name: str) -> str:
    """How to run a program of this installation from here: its name where PATH has it, else its path."""
    beside = Path(sys.executable).with_name(name)
    return name if shutil.which(name) or not beside.is_file() else shlex.quote(str(beside))
