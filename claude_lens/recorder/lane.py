"""One sink's way through the spool: a thread, a place in each journal, a commit after each batch."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from claude_lens.errors import Fault, NotNow, Refused, StoreError
from claude_lens.exchange import Exchange
from claude_lens.recorder.build import interrupted, unreadable
from claude_lens.recorder.builder import Builder
from claude_lens.recorder.frames import Arrival, Ending, Frame, frame_of
from claude_lens.recorder.pulse import Beats
from claude_lens.recorder.sinks import Counting, Following, Idling, Sink, SinkFactory
from claude_lens.recorder.telling import GUARD
from claude_lens.settings import Settings
from claude_lens.spool.positions import Position
from claude_lens.spool.reading import Cursor, Place, Record, Source
from claude_lens.spool.records import ARRIVAL, Damaged

FLUSH_EVERY: Final = 0.1
RETRY_EVERY: Final = 1.0
BATCH_BYTES: Final = 16 << 20
CAREFUL: Final = 256
"""Records that are handed over one by one after a recorder died."""
SAME_RECORD_DEATHS: Final = 3
_MADE_WAY: Final = 64 << 20
_STALLED: Final = 1.0
"""Seconds without a record after which nobody waits for a lane."""


class Recording(Protocol):
    """What a lane needs of its recorder. ``version`` grows, under ``changed``, with what there is to read."""

    settings: Settings
    builder: Builder
    changed: threading.Condition
    version: int
    deadline: float | None

    def sources(self) -> list[Source]:
        """The journals to read, the oldest first."""

    def fault(self, name: str, error: Exception) -> None:
        """Count what went wrong; raises under CLAUDE_LENS_STRICT."""

    def committed(self) -> None:
        """A lane came on, or waits for another reason."""

    def set_aside(self, source: Source, record: Record) -> None:
        """Keep the bytes of a record that recorders die of."""

    def must_yield(self, lane: str) -> bool:
        """Whether this sink, being away, takes the room that another needs."""

    def bound(self, lane: str, source: Source) -> int | None:
        """The newest record that this lane may read for now; None where it need not wait for another."""


@dataclass(slots=True)
class _Batch:
    """What was handed over since the last commit: bytes, the ids that ended, and what is lost of them."""

    began: float
    bytes: int = 0
    ended: set[str] = field(default_factory=set)
    lost: int = 0
    aside: int = 0


class Lane(threading.Thread):
    """Hands every exchange to one sink, in order, and keeps how far its commits have come."""

    def __init__(self, name: str, factory: SinkFactory, recording: Recording) -> None:
        super().__init__(name=f"claude-lens-{name}", daemon=True)
        self.lane = name
        self.sink: Sink | None = None
        self.off = False
        self.failing = False
        self.fatal: Exception | None = None
        self.beats: Beats = {}
        self._factory = factory
        self._recording = recording
        self._limit = min(recording.settings.queue_bytes, BATCH_BYTES)
        self._cursors: dict[str, Cursor] = {}
        self._careful: dict[str, int] = {}
        self._lost: set[bytes] = set()
        self._seen = -1
        self._moved = 0.0
        self._told: dict[str, Any] = {}

    @property
    def running(self) -> int:
        """Exchanges that have arrived here and not ended."""
        return sum(len(cursor.open) for cursor in list(self._cursors.values()))

    def reached(self, source: Source) -> int | None:
        """The newest record that was handed over; None where it is all, or nobody should wait for more."""
        away = self.sink is None or self.failing or not self.is_alive()
        if away or time.monotonic() - self._moved > _STALLED or source.position(self.lane).closed:
            return None
        cursor = self._cursors.get(source.journal.name)
        return cursor.seq if cursor else 0

    def run(self) -> None:
        """Until all is read and committed, or the time of a sink that is away is up."""
        try:
            while self._opened() and self._turn():
                self._follow()
            self._close()
        except Exception as error:
            self.fatal = error
        with self._recording.changed:
            self._recording.changed.notify_all()

    def _opened(self) -> bool:
        while self.sink is None and not self.off:
            try:
                self.sink = self._factory(self._recording.settings)
                self.off, self.failing = self.sink is None, False
                self._recording.sources()[-1].position(self.lane).reason = None
                self._recording.committed()
            except Exception as error:
                self._away(self._recording.sources()[-1], error)
                if not self._pause():
                    return False
        return not self.off

    def _turn(self) -> bool:
        """One batch of the oldest journal that has any; False at the end of all."""
        with self._recording.changed:
            self._seen = self._recording.version
        for source in self._recording.sources():
            position = source.position(self.lane)
            if position.closed:
                continue
            over = source.limit is None
            cursor = self._cursor(source, position)
            bound = self._recording.bound(self.lane, source)
            batch = self._collect(source, cursor, position, bound)
            if batch is None and (not over or bound is not None):
                continue
            if batch is None:
                batch = self._interrupt(source, cursor)
                position.closed = self._commit(source, cursor, position, batch, closing=True)
                return position.closed
            return self._commit(source, cursor, position, batch)
        return self._idle()

    def _follow(self) -> None:
        """Tell the sink how far answers have come, after the records that were there before."""
        with self._recording.changed:
            beats, self.beats = self.beats, {}
        if beats and isinstance(self.sink, Following) and not self.failing:
            self._guarded(lambda: self._told_of(beats))

    def _told_of(self, beats: Beats) -> None:
        assert isinstance(self.sink, Following)
        # A database that is away is told of where records wait for it; what comes next says more than this.
        with contextlib.suppress(StoreError):
            self.sink.follow(beats)

    def _cursor(self, source: Source, position: Position) -> Cursor:
        name = source.journal.name
        if name not in self._cursors:
            if not position.clean:
                self._careful[name] = CAREFUL
                position.deaths += bool(position.trying)
            position.clean = False
            self._save(source)
            self._cursors[name] = Cursor(source, position)
        return self._cursors[name]

    def _collect(
        self, source: Source, cursor: Cursor, position: Position, bound: int | None
    ) -> _Batch | None:
        """Hand over what is there up to ``bound``, as far as one batch goes; None where nothing is."""
        batch = None
        careful = self._careful.get(source.journal.name, 0)
        while (bound is None or cursor.seq < bound) and (record := cursor.next()) is not None:
            self._moved = time.monotonic()
            batch = batch or _Batch(time.monotonic())
            batch.bytes += record.header.sealed
            if careful and self._deadly(source, position, record):
                batch.aside += 1
                record = Record(record.header, record.place, None)
            self._hand(source, cursor, record, batch)
            if careful or batch.bytes >= self._limit or time.monotonic() - batch.began > FLUSH_EVERY:
                break
        self._careful[source.journal.name] = max(0, careful - 1)
        return batch

    def _deadly(self, source: Source, position: Position, record: Record) -> bool:
        """Whether recorders died of this record; one that is tried is written down first."""
        if position.trying != record.header.seq:
            position.trying, position.deaths = record.header.seq, 0
        elif position.deaths >= SAME_RECORD_DEATHS:
            self._recording.set_aside(source, record)
            return True
        self._save(source)
        return False

    def _hand(self, source: Source, cursor: Cursor, record: Record, batch: _Batch) -> None:
        sink, told = self.sink, record.header
        assert sink is not None
        builder = self._recording.builder
        if told.kind == ARRIVAL:
            # What another sink's lane has built is not even read again.
            exchange = builder.arrived_already(told.exchange) if record.opener else None
            frame = None if exchange else _frame(record)
            if isinstance(frame, Arrival):
                exchange = builder.arrived(frame)
            if exchange:
                arrived = exchange
                self._guarded(lambda: sink.arrived(arrived))
            else:
                del cursor.open[told.exchange]
                self._lost.add(told.exchange)
                batch.lost += 1
            return
        place = cursor.open.pop(told.exchange, None)
        ended = place and self._ended(source, place, record)
        if ended:
            batch.ended.add(ended.id)
            self._guarded(lambda: sink.ended(ended))
        elif place:
            batch.lost += 1
        elif told.exchange not in self._lost and self.lane != GUARD:
            self._recording.fault("recorder", Fault(f"record {told.seq} ends what never arrived"))

    def _ended(self, source: Source, place: Place, record: Record) -> Exchange | None:
        """The exchange that this record ends; None where its request cannot be read again."""
        builder = self._recording.builder
        if record.opener and (known := builder.ended_already(record.header.exchange)):
            return known
        frame = _frame(record)
        try:
            if isinstance(frame, Ending):
                return builder.ended(frame, lambda: _arrival(source, place))
            return unreadable(builder.arrived(_arrival(source, place)))
        except (Damaged, OSError) as error:
            self._recording.fault("recorder", error)
            return None

    def _interrupt(self, source: Source, cursor: Cursor) -> _Batch:
        """Nobody writes this journal any more: what has no end was interrupted."""
        batch, sink = _Batch(time.monotonic()), self.sink
        assert sink is not None
        for place in cursor.open.values():
            try:
                ended = interrupted(self._recording.builder.arrived(_arrival(source, place)))
            except (Damaged, OSError) as error:
                self._recording.fault("recorder", error)
                batch.lost += 1
                continue
            batch.ended.add(ended.id)
            self._guarded(lambda ended=ended: sink.ended(ended))  # type: ignore[misc]
        return batch

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self.failing = True
            self._recording.fault(self.lane, error)

    def _commit(
        self, source: Source, cursor: Cursor, position: Position, batch: _Batch, closing: bool = False
    ) -> bool:
        """Have the sink commit, and write that down; False where its time was up before it did."""
        refused: frozenset[str] = frozenset()
        assert self.sink is not None
        while True:
            try:
                self.sink.flush()
                break
            except Refused as error:
                refused = error.lost & batch.ended
                self._recording.fault(self.lane, error)
                break
            except Exception as error:
                self._away(source, error)
            if self._recording.must_yield(self.lane):
                self._make_way(source, cursor, position, batch)
            if not self._pause():
                return False
        if closing:
            cursor.open.clear()
            cursor.close()
        with source.lock:
            # Another lane may be writing down where all are.
            cursor.mark(position)
            position.stored += len(batch.ended) - len(refused)
            position.lost += batch.lost + len(refused)
            position.aside += batch.aside
            position.reason, position.trying, position.deaths, position.closed = None, 0, 0, closing
        self.failing = False
        self._save(source)
        self._recording.committed()
        return True

    def _make_way(self, source: Source, cursor: Cursor, position: Position, batch: _Batch) -> None:
        """Leave out the oldest of what waits for this sink, so that the spool has room for the others."""
        passed = 0
        while passed < _MADE_WAY and (record := cursor.next()) is not None:
            passed += record.header.sealed
            if record.header.kind != ARRIVAL:
                batch.lost += cursor.open.pop(record.header.exchange, None) is not None
        cursor.mark(position)
        self._save(source)

    def _away(self, source: Source, error: Exception) -> None:
        """The sink takes nothing for now: say why, for ``lensctl status`` and ``down``."""
        self.failing = True
        position, reason = (
            source.position(self.lane),
            str(error).splitlines()[0] if str(error) else repr(error),
        )
        if position.reason != reason or position.trying:
            position.reason, position.trying = reason, 0
            self._save(source)
        if not isinstance(error, NotNow):
            self._recording.fault(self.lane, error)
        self._recording.committed()

    def _save(self, source: Source) -> None:
        try:
            source.save()
        except OSError as error:
            self._recording.fault("spool", error)

    def _pause(self) -> bool:
        """Wait before the next try; False where there is to be none."""
        deadline = self._recording.deadline
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(
            RETRY_EVERY if deadline is None else min(RETRY_EVERY, max(0.0, deadline - time.monotonic()))
        )
        return True

    def _idle(self) -> bool:
        """Wait for more; False where there will be none."""
        recording = self._recording
        if recording.deadline is not None:
            return recording.version != self._seen
        with recording.changed:
            news = recording.changed.wait_for(lambda: recording.version != self._seen, RETRY_EVERY)
        if not news and isinstance(self.sink, Idling):
            self.failing = False
            self._guarded(self.sink.idle)
            self._tell_counters()
        return True

    def _tell_counters(self) -> None:
        told: dict[str, Any] = self.sink.counters() if isinstance(self.sink, Counting) else {}
        if told != self._told or self.failing:
            self._told = told
            self._recording.committed()

    def _close(self) -> None:
        for source in self._recording.sources():
            if self.off:
                source.drop(self.lane)
                continue
            position = source.position(self.lane)
            position.clean, position.trying = True, 0
            self._save(source)
        for cursor in self._cursors.values():
            cursor.close()
        if self.sink is not None:
            self._guarded(self.sink.close)
        self._recording.committed()


def _frame(record: Record) -> Frame | None:
    """The frame of a record; None where there is none in it."""
    read = record.frame
    try:
        return frame_of(*read) if read else None
    except (ValueError, TypeError, KeyError):
        return None


def _arrival(source: Source, place: Place) -> Arrival:
    """A request read again. Raises :class:`Damaged`, ``OSError``."""
    try:
        frame = frame_of(*source.load(place))
    except (TypeError, KeyError) as error:
        raise Damaged(f"record {place.seq} is none") from error
    if not isinstance(frame, Arrival):
        raise Damaged(f"record {place.seq} is no arrival")
    return frame
