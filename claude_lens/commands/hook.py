"""``lensctl hook``: four lines after each interactive session of Claude Code."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.client_settings import ClientSettings, Entry, settings_file
from claude_lens.errors import UserError

OWNER = "hook"
SECONDS = 15


@click.command()
@click.option("--install", "what", flag_value="install", help="Add the hook to Claude Code's settings.")
@click.option("--remove", "what", flag_value="remove", help="Take it out again.")
def command(what: str | None) -> None:
    """After each interactive session of Claude Code, show what `lensctl last` shows.

    --install adds one SessionEnd hook to Claude Code's own settings file and nothing else; --remove takes
    just that out. Without either: says whether it is there.
    """
    settings = setting_table.load()
    client = ClientSettings(settings_file(os.environ), settings.home)
    if what == "install":
        new = client.put(OWNER, [entry()])
        print(f"{'added to' if new else 'already in'} {client.file}; lensctl hook --remove takes it out")
    elif what == "remove":
        gone = client.remove(OWNER)
        print(f"{'taken out of' if gone else 'nothing of ours is in'} {client.file}")
    elif client.entries(OWNER):
        print(f"installed in {client.file}")
    else:
        print("not installed; lensctl hook --install adds it")


def entry() -> Entry:
    """The hook; with the home folder's name where that is not the usual one, as hooks run anywhere."""
    program = Path(sys.argv[0])
    words = (
        [str(program.resolve())] if program.name == "lensctl" else [sys.executable, "-P", "-m", "claude_lens"]
    )
    if not Path(words[0]).is_file():
        raise UserError(f"{words[0]} is no program that a hook could run")
    home = os.environ.get("CLAUDE_LENS_HOME")
    told = [f"CLAUDE_LENS_HOME={shlex.quote(home)}"] if home else []
    run = " ".join([*told, *map(shlex.quote, words), "last", "--hook"])
    return Entry(
        ("hooks", "SessionEnd"),
        {"hooks": [{"type": "command", "command": run, "timeout": SECONDS}]},
        listed=True,
    )
