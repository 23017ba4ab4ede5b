"""``lensctl on``: every ``claude`` of this user goes through the lens."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from claude_lens import settings as setting_table
from claude_lens.client_settings import Entry
from claude_lens.errors import ProxyError, UserError
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor, wiring
from claude_lens.proxy.health import health
from claude_lens.terminal.output import Progress


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def command(yes: bool, dry_run: bool) -> None:
    """Send every claude of this user through the lens: terminals, editors, the Agent SDK.

    Starts the proxy where it does not run, and adds to Claude Code's own settings file
    (~/.claude/settings.json, or the one in CLAUDE_CONFIG_DIR) what `claude-lens` sets for one run.
    `lensctl off` takes it out again.
    Sessions that are open already go on as they are.
    """
    environ = setting_table.environment()
    settings = setting_table.parse(environ)
    if not dry_run:
        ensure(settings, environ)
    client, key = wiring.client_settings(settings), settings.key or keys.proxy_key(settings)
    wanted = wiring.entries(wiring.environment(settings), key)
    print(f"{client.file}:")
    for entry in wanted:
        print(f"  {'.'.join(entry.path)} = {shown(entry, key)}{replaced(client.current(entry.path), entry)}")
    if dry_run:
        print("nothing was written")
        return
    if not yes:
        confirm(client.file)
    if client.put(wiring.OWNER, wanted):
        print("every claude that starts from now on goes through the lens; lensctl off takes that back")
        print("to have the proxy there after each login: lensctl service install")
    else:
        print("it was on already")


def ensure(settings: setting_table.Settings, environ: Mapping[str, str]) -> None:
    """Start the proxy where it is ours to start; raises :class:`ProxyError` where there is none."""
    if setting_table.is_loopback(settings.url):
        progress = Progress("starting the proxy")
        try:
            supervisor.start(settings, environ, supervisor.plan(settings), progress)
        finally:
            progress.done()
    elif not health(settings.url, settings).healthy:
        raise ProxyError(f"no proxy answers at {settings.url}; nothing was written")


def shown(entry: Entry, key: str) -> str:
    """The value for people: on one line, the key masked."""
    text = str(entry.value).replace(key, keys.masked(key)).replace("\n", "; ")
    return text or '"" (unset)'


def replaced(before: object, entry: Entry) -> str:
    """What stands there now, where that is something else; a credential is not repeated."""
    if before is None or before == entry.value:
        return ""
    return (
        "  (another value is there now)"
        if "KEY" in entry.path[-1] or "TOKEN" in entry.path[-1]
        else (f"  (in the place of {before})")
    )


def confirm(file: Path) -> None:
    """Ask; raises :class:`UserError` where nobody can answer, ``click.Abort`` for a no."""
    if not sys.stdin.isatty():
        raise UserError("nobody to ask here: repeat with --yes to write it")
    click.confirm(f"write this to {file}?", default=True, abort=True)
