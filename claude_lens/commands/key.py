"""``lensctl key``: the proxy's generated key."""

from __future__ import annotations

import sys
import time

import click

from claude_lens import settings as setting_table
from claude_lens.commands.down import timeout_option
from claude_lens.commands.restart import restart
from claude_lens.errors import LensError, UserError
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor, wiring
from claude_lens.values import seconds


@click.group()
def command() -> None:
    """Handle the proxy's key."""


GRACE = "1h"


def duration(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """Seconds of a duration, ``0`` among them."""
    try:
        return 0.0 if text == "0" else seconds(text)
    except ValueError as problem:
        raise click.BadParameter(f"expected 0 or {problem}") from None


@command.command()
@timeout_option(supervisor.DRAIN_TIMEOUT)
@click.option(
    "--grace",
    default=GRACE,
    show_default=True,
    callback=duration,
    metavar="DURATION",
    help="How long the old key stays good; 0 where it is in wrong hands.",
)
def rotate(timeout: float, grace: float) -> None:
    """Replace the key by a new one, without refusing or cutting a request.

    A new proxy takes over with the new key while the old one finishes what runs. The old key stays good for
    an hour, for sessions of Claude Code that are open. After that they have to be started anew, and editors
    and others that were given the key need the new one (lensctl env).
    """
    settings = setting_table.load()
    if settings.master_key:
        raise UserError("the key comes from LITELLM_MASTER_KEY: change it there, then run: lensctl restart")
    running, before = supervisor.last(settings), keys.existing(settings)
    new = keys.rotate(settings, grace)
    if running is not None:
        try:
            restart(timeout)
        except LensError:
            if before and supervisor.current(settings):
                keys.put_back(settings, before)
                print("lensctl: the key is as it was", file=sys.stderr)
            raise
    print(f"the key is now {keys.masked(new)} in {keys.key_file(settings)}", flush=True)
    if running is not None:
        until = f"until {time.strftime('%H:%M', time.localtime(time.time() + grace))}" if grace else "no more"
        print(
            f"lensctl: the old key is good {until}; start open sessions of Claude Code anew", file=sys.stderr
        )
    if wiring.renew(settings):
        print(f"the entry of lensctl on in {wiring.client_settings(settings).file} has the new key")
