"""``lensctl down``: stop the proxy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.proxy import supervisor, waiting
from claude_lens.proxy.health import health
from claude_lens.spool.ledger import look
from claude_lens.tracing import unsent


def timeout_option(seconds: float) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--timeout``, by default so many seconds."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=seconds,
        show_default=True,
        help="Seconds that running requests may take to finish.",
    )


@click.command()
@timeout_option(supervisor.STOP_TIMEOUT)
def command(timeout: float) -> int:
    """Stop the proxy once running requests have finished, and everything they said is recorded."""
    settings = setting_table.load()
    if (settings.home / "dashboard.json").exists():
        from claude_lens.dashboard import background

        background.stop(settings)
    before = look(settings.home)
    done = supervisor.stop(settings, timeout)
    if done is None:
        print("the proxy was not running")
        if health(settings.url).state == "ours":
            print(f"lensctl: a proxy at {settings.url} was started by something else", file=sys.stderr)
            return 1
        return 0
    print("the proxy has stopped")
    if line := unsent.waiting(settings.home):
        print(f"lensctl: {line}", file=sys.stderr)
    if not done:
        print(f"lensctl: requests that still ran after {timeout:g} s were cut", file=sys.stderr)
    lines, code = waiting.told(before, settings)
    for line in lines:
        print(f"lensctl: {line}", file=sys.stderr)
    return code
