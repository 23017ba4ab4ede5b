"""``lensctl key``: the proxy's generated key."""

from __future__ import annotations

import sys

import click

from claude_lens import settings as setting_table
from claude_lens.commands.down import timeout_option
from claude_lens.commands.restart import restart
from claude_lens.errors import UserError
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor, wiring


@click.group()
def command() -> None:
    """Handle the proxy's key."""


@command.command()
@timeout_option(supervisor.DRAIN_TIMEOUT)
def rotate(timeout: float) -> None:
    """Replace the key by a new one, without cutting running requests.

    A new proxy takes over with the new key while the old one finishes what runs. From then on the old key is
    refused: a Claude Code that is open has to be started anew, and editors and others that were given the key
    need the new one (lensctl env).
    """
    settings = setting_table.load()
    if settings.master_key:
        raise UserError("the key comes from LITELLM_MASTER_KEY: change it there, then run: lensctl restart")
    running = supervisor.current(settings)
    new = keys.rotate(settings)
    print(f"the key is now {keys.masked(new)} in {keys.key_file(settings)}", flush=True)
    if running is not None:
        restart(timeout)
        print("lensctl: open sessions of Claude Code have to be started anew", file=sys.stderr)
    if wiring.renew(settings):
        print(f"the entry of lensctl on in {wiring.client_settings(settings).file} has the new key")
