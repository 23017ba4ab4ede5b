"""Has the disk keep what waits: the machine may lose power while a sink is away."""

from __future__ import annotations

import contextlib
import os

from claude_lens.spool.reading import Source


class Syncer:
    """Looks at a journal now and then; what was there at the last look and still waits is synced."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen = 0
        self._synced: dict[int, int] = {}

    def look(self) -> int:
        """Sync what has to be; how many segments that were."""
        source, waits = self._source, self._source.committed() < self._seen
        self._seen = source.limit or 0
        return self._sync() if waits else 0

    def _sync(self) -> int:
        sizes, count = {}, 0
        for first in self._source.journal.segments():
            path = self._source.journal.segment(first)
            with contextlib.suppress(OSError):
                sizes[first] = path.stat().st_size
                if sizes[first] != self._synced.get(first):
                    _sync_file(os.open(path, os.O_RDONLY))
                    count += 1
        self._synced = sizes
        return count


def _sync_file(handle: int) -> None:
    try:
        getattr(os, "fdatasync", os.fsync)(handle)
    finally:
        os.close(handle)
