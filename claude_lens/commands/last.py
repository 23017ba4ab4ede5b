"""``lensctl last``: four lines on the newest session."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime

import click

from claude_lens import settings as setting_table
from claude_lens.errors import LensError
from claude_lens.terminal.output import json_option, print_json

SETTLE_SECONDS = 3.0
"""How long the hook waits for the session's last request to be written."""


@click.command()
@click.argument("session", metavar="[SESSION]", default="last")
@click.option("--hook", is_flag=True, hidden=True)
@json_option
def command(session: str, hook: bool, as_json: bool) -> None:
    """Show a session in four lines: requests and tokens, cost by agent, tools that failed, where to look.

    SESSION is an id, its beginning, or last, which it is without one. To see them after each session of
    Claude Code by themselves: lensctl hook --install.
    """
    if hook:
        _as_hook()
        return
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.closing import closing

    with open_reader(setting_table.load()) as reader:
        told = closing(reader, session)
        if as_json:
            print_json(told)
        else:
            print("\n".join(_lines(told)))


def _lines(told: object) -> list[str]:
    from typing import cast

    from claude_lens.terminal.closing import Closing, lines

    found = cast("Closing", told)
    started, ended = found["session"]["started_at"], found["session"]["ended_at"]
    end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return lines(found, (end - datetime.fromisoformat(started)).total_seconds() * 1000)


def _as_hook() -> None:
    """What the client's SessionEnd hook runs; it never complains, as the session is over all the same."""
    from claude_lens.terminal import controlling

    try:
        told = json.loads(sys.stdin.read() or "{}")
        session = told.get("session_id")
        if isinstance(session, str) and told.get("reason") not in ("clear", "resume"):
            _note_end(session)
        place = controlling.terminal()
        if not isinstance(session, str) or told.get("reason") in ("clear", "resume") or place is None:
            return
        lines = _settled(session)
        if lines:
            controlling.write(place, lines)
    except (LensError, OSError, ValueError, AttributeError):
        return


def _note_end(session: str) -> None:
    """Note that the client ended the session: the wire alone cannot tell."""
    from claude_lens.store.writing.following import ENDED, tell

    tell(setting_table.load().database_url, session, ENDED, time.time())


def _settled(session: str) -> list[str]:
    """The lines once nothing of the session runs any more, as far as is known then."""
    from claude_lens.errors import NotFound
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.terminal.closing import closing

    end, lines = time.monotonic() + SETTLE_SECONDS, []
    with open_reader(setting_table.load()) as reader:
        while time.monotonic() < end:
            try:
                told = closing(reader, session)
                lines = _lines(told)
                if told["session"]["ended_at"] is not None:
                    break
            except NotFound:
                lines = []
            time.sleep(0.1)
    return lines
