"""The sink that tells the guard in the proxy what every exchange spent, also while the store is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from claude_lens.exchange import Exchange
from claude_lens.recorder.priced import spent_of

GUARD: Final = "guard"


class Telling:
    """Collects what was spent; ``tell`` gets a batch of it."""

    name = GUARD

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._spent: list[dict[str, Any]] = []

    def arrived(self, exchange: Exchange) -> None:
        """Nothing is spent yet."""

    def ended(self, exchange: Exchange) -> None:
        """Take what it spent."""
        self._spent.append(spent_of(exchange).to_json())

    def flush(self) -> None:
        """Tell."""
        if self._spent:
            self._tell({"spent": self._spent})
            self._spent = []

    def close(self) -> None:
        """Holds nothing open."""
