"""The writing end of a journal: records appended to segments, within what the spool may take of the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from claude_lens.spool import journal as places
from claude_lens.spool.counters import Counters
from claude_lens.spool.files import Lock, held, open_private, private_folder, write_all
from claude_lens.spool.journal import Journal
from claude_lens.spool.positions import Positions
from claude_lens.spool.records import KEY_BYTES, Sealer

SEGMENT_BYTES: Final = 16 << 20
LOOK_AGAIN: Final = 16 << 20
"""Bytes that may be written before the room is measured again."""


class JournalWriter:
    """Appends records to a journal that is made when the first one is written.

    ``limit`` bounds the bytes of all journals of ``home`` together; half of what the disk has free does too.
    """

    def __init__(
        self, home: Path, limit: int, counters: Counters, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._home, self._limit, self._counters = home, limit, counters
        self._segment_bytes = segment_bytes
        self.journal = Journal(places.folder(home) / places.new_name())
        self.key = secrets.token_bytes(KEY_BYTES)
        self.sealer = Sealer(self.key)
        self._lock: Lock | None = None
        self._handle: int | None = None
        self._size = 0
        self._room = 0

    def prepare(self) -> None:
        """Make the journal's folder and lock it. Raises ``OSError``; may be called again."""
        if self._lock is not None:
            return
        private_folder(places.folder(self._home))
        with held(places.home_lock(self._home)):
            private_folder(self.journal.path)
            lock = self.journal.writer_lock()
            if not lock.take():
                raise OSError(errno.EBUSY, "another process writes this journal")
            try:
                self._counters.keep(self.journal.counters)
                positions = Positions(self.journal.positions)
                positions.open()
                positions.close()
                self.journal.create(self.key)
            except OSError:
                lock.release()
                raise
        self._lock = lock

    def gone(self) -> bool:
        """Whether somebody removed the folder under us."""
        return self._lock is not None and not self.journal.exists()

    def append(self, seq: int, record: tuple[bytes, bytes]) -> None:
        """Write one record. Raises ``OSError`` where it cannot be, and leaves nothing of it."""
        self.prepare()
        size = len(record[0]) + len(record[1])
        if size > self._room:
            self._room = room(self._home, self._limit)
            if size > self._room:
                raise OSError(errno.EDQUOT, "the spool is full")
        if self._handle is None or self._size >= self._segment_bytes:
            self._roll(seq)
        assert self._handle is not None
        try:
            write_all(self._handle, list(record))
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)
                os.lseek(self._handle, self._size, os.SEEK_SET)
            raise
        self._size += size
        self._room -= size

    def _roll(self, seq: int) -> None:
        handle = open_private(self.journal.segment(seq), os.O_WRONLY | os.O_TRUNC)
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._size = handle, 0

    def close(self) -> None:
        """Let go of segment and lock: whoever reads to the end may take over."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if self._lock is not None:
            self._lock.release()


def room(home: Path, limit: int) -> int:
    """Bytes that the spool may still take, at most so many that it has to be asked again soon."""
    used = sum(each.bytes() for each in places.journals(home))
    free = shutil.disk_usage(home).free
    return min(min(limit, (free + used) // 2) - used, LOOK_AGAIN)


def crowded(home: Path, limit: int) -> bool:
    """Whether a writer is about to find no room."""
    try:
        return room(home, limit) < LOOK_AGAIN
    except OSError:
        return False
