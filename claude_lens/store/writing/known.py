"""What the writer remembers of the database, so that the next turn of a session asks it next to nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A dict of at most ``limit`` items; the one not used for the longest time goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: K) -> V | None:
        """The value of ``key``, which counts as a use."""
        value = self._items.pop(key, None)
        if value is not None:
            self._items[key] = value
        return value

    def update(self, items: dict[K, V]) -> None:
        """Add items, newest last."""
        for key, value in items.items():
            self._items.pop(key, None)
            self._items[key] = value
        while len(self._items) > self._limit:
            del self._items[next(iter(self._items))]

    def discard(self, key: K) -> None:
        """Forget ``key``, known or not."""
        self._items.pop(key, None)


@dataclass(slots=True)
class Known:
    """Row ids: of contents by digest, nodes by step, sessions and running exchanges by name, series.

    ``ranks`` holds the rank of each session's title, ``seen`` the last step of chains by session, ``stale``
    the running exchanges whose conversation another brought before, ``same`` the content that stands for a
    message. True only for one ``generation``.
    """

    generation: str | None = None
    contents: Recent[bytes, int] = field(default_factory=lambda: Recent(10_000))
    nodes: Recent[bytes, int] = field(default_factory=lambda: Recent(10_000))
    sessions: Recent[str, int] = field(default_factory=lambda: Recent(10_000))
    ranks: Recent[str, int] = field(default_factory=lambda: Recent(10_000))
    running: Recent[str, int] = field(default_factory=lambda: Recent(20_000))
    series: Recent[tuple[str, ...], int] = field(default_factory=lambda: Recent(10_000))
    seen: Recent[tuple[int, bytes], bool] = field(default_factory=lambda: Recent(20_000))
    stale: Recent[str, bool] = field(default_factory=lambda: Recent(20_000))
    same: Recent[int, int] = field(default_factory=lambda: Recent(20_000))
