"""``lensctl service``: the proxy at each login."""

from __future__ import annotations

import click

from claude_lens import settings as setting_table
from claude_lens.proxy import service
from claude_lens.terminal.output import json_option, print_json


@click.group()
def command() -> None:
    """Have the proxy started at each login, by systemd or launchd."""


@command.command()
def install() -> None:
    """Write a unit (systemd) or an agent (launchd) of this user that runs `lensctl up`, and switch it on.

    Settings and keys belong into .env in CLAUDE_LENS_HOME, as a login knows none of a shell's variables.
    """
    print(f"installed: {service.install(setting_table.load())}")
    print("the proxy starts at each login; lensctl service remove takes that back")


@command.command()
def remove() -> None:
    """Take it out again; a proxy that runs goes on until lensctl down."""
    taken = service.remove()
    print(f"removed: {taken}" if taken else "nothing was installed")


@command.command()
@json_option
def status(as_json: bool) -> int:
    """Say whether it is installed; exit code 1 if it is not."""
    found = service.installed()
    if as_json:
        print_json({"installed": found is not None, "file": str(found) if found else None})
    else:
        print(f"installed: {found}" if found else "not installed; lensctl service install does that")
    return 0 if found else 1
