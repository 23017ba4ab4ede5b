"""The reading end of a journal: one cursor a sink, over segments and what no disk took."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from claude_lens.spool.journal import Journal
from claude_lens.spool.positions import Position, Positions, primary
from claude_lens.spool.records import ARRIVAL, HEADER, MAGIC, Damaged, Header, Sealer, unpack

NOWHERE: Final = -1
"""Segment of a record that lies in memory only."""
_SEARCHED: Final = 1 << 20


class Place(NamedTuple):
    """Where a record lies, so that it can be read again."""

    seq: int
    segment: int
    offset: int


Opener = Callable[[], tuple[bytes, bytes]]


@dataclass(slots=True)
class Record:
    """One record: what it tells in clear, and ``opener``, which unseals the rest; None where nobody is to."""

    header: Header
    place: Place
    opener: Opener | None
    _frame: tuple[bytes, bytes] | None = None

    @property
    def frame(self) -> tuple[bytes, bytes] | None:
        """The frame's ``head`` and ``body``, read when first asked for; None where it is damaged."""
        if self.opener is not None:
            try:
                self._frame = self.opener()
            except Damaged:
                self._frame = None
            self.opener = None
        return self._frame


class Source:
    """A journal as the sinks of one recorder read it.

    ``limit`` is the newest record that may be read, None for a journal that nobody writes any more.
    ``inline`` are records, by number, that the proxy could not write and sent instead. ``noted`` is how far
    all sinks had committed when that was last written down, and the inline records that were still open then.
    """

    def __init__(self, journal: Journal, limit: int | None = None) -> None:
        self.journal = journal
        self.limit = limit
        self.inline: dict[int, tuple[bytes, bytes]] = {}
        self.positions = Positions(journal.positions)
        self.lock = threading.Lock()
        self.noted: tuple[int, list[int]] = (0, [])
        self._sealer: Sealer | None = None
        self._kept: tuple[int, frozenset[int]] | None = None

    def sealer(self) -> Sealer:
        """What opens its records. Raises ``OSError``, ``ValueError`` where the key is away or none."""
        if self._sealer is None:
            self._sealer = Sealer(self.journal.key())
        return self._sealer

    def known_key(self, key: bytes) -> None:
        """Open records with this key, wherever the journal's file is."""
        self._sealer = Sealer(key)

    def position(self, lane: str) -> Position:
        """Where this sink is; at the very start where it was never here."""
        with self.lock:
            return self.positions.lanes.setdefault(lane, Position())

    def begin(self, lanes: Iterable[str], anew: str) -> None:
        """Have a place for each of these sinks; a new one, and ``anew``, begin where the store is."""
        with self.lock:
            known = self.positions.lanes
            known.pop(anew, None)
            first = primary(known)
            for name in lanes:
                place = Position(first.seq, first.segment, first.offset, open=dict(first.open))
                known.setdefault(name, place)
            self._note()

    def drop(self, lane: str) -> None:
        """Nothing is kept for this sink."""
        with self.lock:
            self.positions.lanes.pop(lane, None)
            self._note()

    def save(self) -> None:
        """Keep the positions, and remove what no sink needs. Raises ``OSError``."""
        with self.lock:
            try:
                if not self.positions.kept and self.journal.exists():
                    self.positions.open()
                self.positions.save()
                self._reclaim()
            finally:
                self._note()

    def _note(self) -> None:
        opened = [place for one in self.positions.lanes.values() for place in one.open.values()]
        self.noted = self.committed(), [place[0] for place in opened if place[1] == NOWHERE]

    def committed(self) -> int:
        """The newest record that every sink has committed."""
        return min((one.seq for one in list(self.positions.lanes.values())), default=0)

    def _reclaim(self) -> None:
        lanes = list(self.positions.lanes.values())
        needed = min((one.segment for one in lanes), default=0)
        opened = {place[0]: place[1] for one in lanes for place in one.open.values()}
        done = self.committed()
        for seq in [seq for seq in list(self.inline) if seq <= done and seq not in opened]:
            del self.inline[seq]
        kept = needed, frozenset(opened.values())
        if not self.positions.kept or kept == self._kept:
            return
        self._kept = kept
        for first in self.journal.segments():
            if first < needed and first not in kept[1]:
                with contextlib.suppress(OSError):
                    self.journal.segment(first).unlink()

    def load(self, place: Place) -> tuple[bytes, bytes]:
        """Head and body of a record read before. Raises :class:`Damaged`, ``OSError``."""
        if place.segment == NOWHERE:
            if place.seq not in self.inline:
                raise Damaged(f"record {place.seq} is gone")
            return self.sealer().open(*self.inline[place.seq])
        handle = os.open(self.journal.segment(place.segment), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            header = _read(handle, place.offset, HEADER)
            return self.sealer().open(header, _read(handle, place.offset + HEADER, unpack(header).sealed))
        finally:
            os.close(handle)


class Cursor:
    """Reads a source from a position on. ``damaged`` counts stretches that are no records."""

    def __init__(self, source: Source, position: Position) -> None:
        self._source = source
        self.seq, self.segment, self.offset = position.seq, position.segment, position.offset
        self.open = {bytes.fromhex(key): Place(*place) for key, place in position.open.items()}
        self.damaged = 0
        self._handle: int | None = None

    def next(self) -> Record | None:
        """The next record, None where there is none yet."""
        limit = self._source.limit
        if limit is not None and self.seq >= limit:
            return None
        inline = self._source.inline
        if self.seq + 1 in inline:
            return self._inline(self.seq + 1)
        found = self._from_disk()
        if found is None and inline:
            later = [seq for seq in list(inline) if seq > self.seq]
            return self._inline(min(later)) if later else None
        return found

    def _inline(self, seq: int) -> Record:
        header, sealed = self._source.inline[seq]
        place = Place(seq, NOWHERE, 0)
        return self._taken(unpack(header), place, lambda: self._source.sealer().open(header, sealed))

    def _taken(self, told: Header, place: Place, opener: Opener) -> Record:
        self.seq = told.seq
        if told.kind == ARRIVAL:
            self.open[told.exchange] = place
        return Record(told, place, opener)

    def _opened(self, header: bytes, place: Place) -> tuple[bytes, bytes]:
        """Head and body of a record of a segment. Raises :class:`Damaged`, ``OSError``."""
        if self._handle is None or self.segment != place.segment:
            return self._source.load(place)
        sealed = _read(self._handle, place.offset + HEADER, unpack(header).sealed)
        return self._source.sealer().open(header, sealed)

    def _from_disk(self) -> Record | None:
        while self._handle is not None or self._enter():
            assert self._handle is not None
            header = _read(self._handle, self.offset, HEADER)
            try:
                told = unpack(header)
            except Damaged:
                if not self._skip(len(header)):
                    return None
                continue
            if os.fstat(self._handle).st_size < self.offset + HEADER + told.sealed:
                # Torn, or still being written.
                if not self._leave(torn=True):
                    return None
                continue
            place = Place(told.seq, self.segment, self.offset)
            self.offset += HEADER + told.sealed
            if told.seq > self.seq:
                return self._taken(told, place, partial(self._opened, header, place))
        return None

    def _skip(self, left: int) -> bool:
        """From where no record starts to the next one, here or in a later segment; False without one."""
        if left == 0:
            return self._leave(torn=False)
        assert self._handle is not None
        offset = self.offset + 1
        while len(data := _read(self._handle, offset, _SEARCHED)) >= HEADER:
            at = data.find(MAGIC)
            if at < 0:
                offset += len(data) - len(MAGIC) + 1
                continue
            with contextlib.suppress(Damaged):
                unpack(
                    data[at : at + HEADER]
                    if at + HEADER <= len(data)
                    else _read(self._handle, offset + at, HEADER)
                )
                self.damaged += 1
                self.offset = offset + at
                return True
            offset += at + 1
        return self._leave(torn=True)

    def _leave(self, *, torn: bool) -> bool:
        """On to the next segment; False, staying here, where there is none."""
        later = [first for first in self._source.journal.segments() if first > self.segment]
        if not later:
            return False
        self.damaged += torn
        self.close()
        self.segment, self.offset = later[0], 0
        return self._enter()

    def _enter(self) -> bool:
        """Open the present segment, or the first one there is."""
        segments = self._source.journal.segments()
        if self.segment not in segments:
            later = [first for first in segments if first >= self.segment]
            if not later:
                return False
            self.segment, self.offset = later[0], 0
        path = self._source.journal.segment(self.segment)
        try:
            self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError:
            return False
        return True

    def mark(self, position: Position) -> None:
        """Write down where this cursor is."""
        position.seq, position.segment, position.offset = self.seq, self.segment, self.offset
        position.open = {key.hex(): list(place) for key, place in self.open.items()}

    def close(self) -> None:
        """Let go of the segment."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _read(handle: int, offset: int, size: int) -> bytes:
    if not hasattr(os, "pread"):
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, size)
    data = os.pread(handle, size, offset)
    while 0 < len(data) < size:
        more = os.pread(handle, size - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
