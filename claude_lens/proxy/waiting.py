"""What ``down`` and ``restart`` say of exchanges that are not in the database yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from claude_lens.settings import Settings
from claude_lens.spool.ledger import Ledger, look
from claude_lens.units import size

NOBODY: Final = "the next start of the proxy"


def told(before: Ledger, settings: Settings, *, serves: bool = False) -> tuple[list[str], int]:
    """Lines to say once a proxy has ended, and the exit code: 1 where exchanges were lost since ``before``.

    ``serves``: another one runs already, so that exchanges under way wait for nothing.
    """
    now = look(settings.home)
    lines = []
    if now.waiting > 0 and (now.reason or not serves):
        lines.append(f"{counted(now.waiting)} for: {now.reason or NOBODY}; nothing of them is lost")
    lost = now.lost - before.lost
    if lost > 0:
        lines.append(f"{lost} exchange{'s are' if lost > 1 else ' is'} lost")
    return lines, int(lost > 0)


def counted(waiting: int) -> str:
    """``1 exchange waits``, ``2 exchanges wait``."""
    return "1 exchange waits" if waiting == 1 else f"{waiting} exchanges wait"


def facts(settings: Settings) -> dict[str, Any]:
    """The home's exchanges as ``status --json`` prints them; ``spool_bytes`` is what waits on disk."""
    now = look(settings.home)
    return {
        "passed": now.passed,
        "stored": now.stored,
        "waiting": now.waiting,
        "lost": now.lost,
        "aside": now.aside,
        "spool_bytes": now.bytes,
        "waiting_for": now.reason,
    }


def in_words(told: Mapping[str, Any]) -> str:
    """The same for people."""
    sums = "passed {passed} = stored {stored} + waiting {waiting} + lost {lost}".format(**told)
    why = f", waiting for: {told['waiting_for']}" if told["waiting"] and told["waiting_for"] else ""
    disk = f", {size(told['spool_bytes'])} in the spool" if told["waiting"] and told["spool_bytes"] else ""
    aside = f", {told['aside']} of them set aside in spool/aside" if told["aside"] else ""
    return sums + aside + disk + why
