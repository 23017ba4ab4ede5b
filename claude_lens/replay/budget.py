"""What arms may cost together: the guard of the proxy keeps it, session by session."""

from __future__ import annotations

import math
from pathlib import Path

from claude_lens.guard import edit, file
from claude_lens.guard.rules import Rule


class Budget:
    """``dollars`` for all arms, None for no limit. ``home``: where the proxy's limits are kept."""

    def __init__(self, dollars: float | None, home: Path) -> None:
        self._left = math.inf if dollars is None else dollars
        self._home = home
        self._rule: Rule | None = None

    def left(self) -> float:
        """Dollars that are not spent."""
        return self._left

    def spend(self, dollars: float | None) -> None:
        """Take off what an arm has cost, as far as it is known."""
        self._left -= dollars or 0.0

    def before(self, session: str | None) -> None:
        """Called with each request that is passed on: the first one of an arm sets its session's limit."""
        if self._rule is None and session is not None and math.isfinite(self._left):
            amount = f"{self._left:.6f}"
            self._rule = Rule(**file.build("limit", amount, {"session": session}))
            edit.put_rule(self._home, self._rule, {"session": session, "limit": amount})

    def after(self) -> None:
        """The arm is over: its limit goes."""
        if self._rule is not None:
            edit.remove_rule(self._home, self._rule.id)
            self._rule = None
