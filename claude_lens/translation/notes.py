"""What was adapted, in words, each once."""

from __future__ import annotations

MOST = 40


class Notes:
    """An ordered set of short sentences."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, what: str) -> None:
        """Note it, unless it is noted already."""
        if len(self._seen) < MOST:
            self._seen.setdefault(what)

    def all(self) -> tuple[str, ...]:
        """Everything noted, in order."""
        return tuple(self._seen)
