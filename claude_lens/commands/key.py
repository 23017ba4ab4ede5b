"""``lensctl key``: the proxy's generated key."""

from __future__ import annotations

import os
import signal
import sys
import time

import click

from claude_lens import key as keys
from claude_lens import settings as setting_table
from claude_lens import supervisor
from claude_lens.commands.down import timeout_option
from claude_lens.commands.restart import restart
from claude_lens.errors import UserError
from claude_lens.health import health, status

RELOAD_TIMEOUT = 5.0


@click.group()
def command() -> None:
    """Handle the proxy's key."""


@command.command()
@timeout_option(supervisor.DRAIN_TIMEOUT)
def rotate(timeout: float) -> None:
    """Replace the key by a new one, without cutting running requests.

    From then on the proxy refuses the old key: a Claude Code that is open has to be started anew. Editors and
    others that were given the key need the new one too (lensctl env).
    """
    settings = setting_table.load()
    if settings.master_key:
        raise UserError("the key comes from LITELLM_MASTER_KEY: change it there, then run: lensctl restart")
    found = supervisor.current(settings)
    new = keys.rotate(settings)
    print(f"the key is now {keys.masked(new)} in {keys.key_file(settings)}")
    if found is None or found.process is None:
        return
    if _reloaded(found, new):
        print("the proxy uses it already")
        return
    restart(timeout)
    print("open sessions of Claude Code have to be started anew", file=sys.stderr)


def _reloaded(found: supervisor.Running, key: str) -> bool:
    """Whether the proxy took the new key over by itself; only one that says it can is asked to."""
    if not health(found.url).detail.get("reloads_key") or found.process is None or os.name == "nt":
        return False
    found.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + RELOAD_TIMEOUT
    while time.monotonic() < deadline:
        if status(found.url, key) is not None:
            return True
        time.sleep(0.05)
    return False
