"""What a feed counts, in a page of memory that outlives the process: a killed proxy's counts stay true."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple

from claude_lens.spool.files import open_private, write_all

_PAGE: Final = 4096
_NUMBERS = struct.Struct("=QQ")
_NUMBER = struct.Struct("=Q")


class Counts(NamedTuple):
    """Exchanges that ``passed``, and that were ``lost`` on the way to the spool."""

    passed: int = 0
    lost: int = 0


class Counters:
    """Counts of one feed: in memory until :meth:`keep`, in the file from then on. One thread at a time."""

    def __init__(self) -> None:
        self._page: mmap.mmap | bytearray = bytearray(_PAGE)
        self._counts = [0, 0]

    def keep(self, path: Path) -> None:
        """Count in this file from now on. Raises ``OSError``, and counts on in memory."""
        handle = open_private(path, os.O_RDWR)
        try:
            # Written, not only made longer: a page without a block would kill us once the disk is full.
            write_all(handle, [_NUMBERS.pack(*self._counts).ljust(_PAGE, b"\0")])
            self._page = mmap.mmap(handle, _PAGE)
        finally:
            os.close(handle)
        _NUMBERS.pack_into(self._page, 0, *self._counts)

    def passed(self) -> None:
        """An exchange has arrived."""
        self._add(0, 1)

    def lost(self, count: int = 1) -> None:
        """So many are lost for good."""
        self._add(1, count)

    def _add(self, index: int, more: int) -> None:
        self._counts[index] += more
        _NUMBER.pack_into(self._page, 8 * index, self._counts[index])

    def counts(self) -> Counts:
        """As they are now."""
        return Counts(*self._counts)


def read(path: Path) -> Counts:
    """The counts in a file; zeros where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_NUMBERS.size)
    except OSError:
        return Counts()
    return Counts(*_NUMBERS.unpack(data)) if len(data) == _NUMBERS.size else Counts()
