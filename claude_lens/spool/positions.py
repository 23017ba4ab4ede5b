"""How far each sink has come in a journal: two slots, written in turn, so that one is always whole.

The file has its full size from the start: it can be written when nothing else can, on a full disk.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from claude_lens.spool.files import open_private, write_all

SLOT: Final = 256 * 1024
STORE: Final = "store"
"""The sink whose commit counts as stored, where there is one; else it takes all of them."""
_SLOT = struct.Struct("!IIQ")


@dataclass(slots=True)
class Position:
    """One sink's place: all up to ``seq`` is committed; the next record lies at ``offset`` of ``segment``.

    ``open`` are arrivals before it without an end: digest (hex) to ``[seq, segment, offset]``. ``stored``
    exchanges are committed with their end, ``lost`` will never be, of which ``aside`` were set aside.
    ``trying`` is the record that a recorder was at, ``deaths`` how many died there; ``clean`` tells that
    the last one did not die.
    """

    seq: int = 0
    segment: int = 0
    offset: int = 0
    stored: int = 0
    lost: int = 0
    aside: int = 0
    open: dict[str, list[int]] = field(default_factory=dict)
    reason: str | None = None
    trying: int = 0
    deaths: int = 0
    clean: bool = True
    closed: bool = False


class Positions:
    """The file of positions of one journal. Its user sees to it that only one thread saves at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._turn = 0
        self.lanes: dict[str, Position] = {}

    def open(self) -> None:
        """Read what is there, or make the file. Raises ``OSError``."""
        handle = open_private(self._path, os.O_RDWR)
        try:
            if os.fstat(handle).st_size < 2 * SLOT:
                write_all(handle, [bytes(2 * SLOT)])
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        self._turn, lanes = _newest(handle)
        self.lanes = {**{name: Position(**told) for name, told in lanes.items()}, **self.lanes}

    @property
    def kept(self) -> bool:
        """Whether there is a file behind it."""
        return self._handle is not None

    def save(self) -> None:
        """Write all positions. Raises ``OSError``, and leaves the last ones readable."""
        if self._handle is None:
            return
        data = _encoded(self.lanes)
        head = _SLOT.pack(zlib.crc32(data), len(data), self._turn + 1)
        place = (self._turn + 1) % 2 * SLOT
        os.lseek(self._handle, place, os.SEEK_SET)
        write_all(self._handle, [head, data])
        self._turn += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def primary(lanes: Mapping[str, Position]) -> Position:
    """The position that tells what is stored."""
    if STORE in lanes:
        return lanes[STORE]
    return min(lanes.values(), key=lambda one: one.stored, default=Position())


def read(path: Path) -> dict[str, Position]:
    """The positions in a file; empty where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return {}
    try:
        return {name: Position(**told) for name, told in _newest(handle)[1].items()}
    finally:
        os.close(handle)


def _encoded(lanes: dict[str, Position]) -> bytes:
    told = {name: asdict(one) for name, one in lanes.items()}
    data = orjson.dumps(told)
    while len(data) > SLOT - _SLOT.size:
        # Thousands of streams at once. The oldest of them are as good as ended.
        for one in told.values():
            one["open"] = dict(list(one["open"].items())[len(one["open"]) // 2 + 1 :])
        data = orjson.dumps(told)
    return data


def _newest(handle: int) -> tuple[int, dict[str, Any]]:
    best: tuple[int, dict[str, Any]] = (0, {})
    for place in (0, SLOT):
        os.lseek(handle, place, os.SEEK_SET)
        head = os.read(handle, _SLOT.size)
        if len(head) < _SLOT.size:
            continue
        crc, size, turn = _SLOT.unpack(head)
        data = os.read(handle, min(size, SLOT - _SLOT.size))
        if turn > best[0] and len(data) == size and zlib.crc32(data) == crc:
            best = turn, orjson.loads(data)
    return best
