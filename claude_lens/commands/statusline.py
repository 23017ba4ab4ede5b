"""``lensctl statusline``: Claude Code's own status line, with what only the proxy knows."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

from claude_lens import statusline
from claude_lens.errors import UserError

OWNER = "statusline"
PATH = ("statusLine",)
PROGRAM = "claude-lens-statusline"


@click.command()
@click.option("--install", is_flag=True, help="Add it to Claude Code's own settings; asks first.")
@click.option("--remove", is_flag=True, help="Take it out again; what was there before comes back.")
@click.option("--template", metavar="TEXT", help=f"Its parts.  [default: {statusline.TEMPLATE}]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(install: bool, remove: bool, template: str | None, yes: bool) -> None:
    """Print one line from the JSON that Claude Code gives on standard input.

    Parts are separated by " · "; one that has nothing to say is left out: {model} {ctx} {cache} {cost}
    {limits} {plan} {project} {session}. Without a proxy the client's own figures are shown.
    """
    if install and remove:
        raise UserError("either --install or --remove")
    if install or remove:
        _change(install, template, yes)
        return
    if sys.stdin.isatty():
        raise UserError(
            "Claude Code gives it JSON on standard input: lensctl statusline --install sets it up"
        )
    sys.argv = [PROGRAM, *(["--template", template] if template else [])]
    statusline.main()


def _change(install: bool, template: str | None, yes: bool) -> None:
    # Not needed for printing the line, which Claude Code asks for again and again.
    from claude_lens import settings as setting_table
    from claude_lens.client_settings import ClientSettings, Entry
    from claude_lens.proxy import wiring

    client: ClientSettings = wiring.client_settings(setting_table.load())
    if not install:
        done = client.remove(OWNER)
        print(f"the status line is out of {client.file}" if done else "the status line was not installed")
        return
    words = [str(_program()), *(["--template", template] if template else [])]
    entry = Entry(PATH, {"type": "command", "command": shlex.join(words)})
    before = client.current(PATH)
    print(f"{client.file}:\n  statusLine = {entry.value['command']}")
    if before is not None and before != entry.value and not client.entries(OWNER):
        print(f"  in the place of {before}, which --remove brings back")
    if not yes and not click.confirm("write it?", default=True):
        raise click.Abort
    print("installed" if client.put(OWNER, [entry]) else "it was installed already")


def _program() -> Path:
    """The entry point beside this Python, which costs less than ``lensctl`` itself."""
    beside = Path(sys.executable).with_name(PROGRAM)
    found = beside if beside.is_file() else Path(shutil.which(PROGRAM) or "")
    if not found.is_file():
        raise UserError(f"{PROGRAM} is not installed beside {sys.executable}: install claude-lens again")
    return found
