"""Journals whose proxy and recorder are gone, taken over by the next recorder of the same home folder."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from claude_lens.recorder.telling import GUARD
from claude_lens.spool import journal as places
from claude_lens.spool import ledger
from claude_lens.spool.files import Lock, held, open_private, private_folder, write_all
from claude_lens.spool.journal import Journal
from claude_lens.spool.positions import STORE
from claude_lens.spool.reading import Record, Source
from claude_lens.spool.records import KEY_BYTES, Sealer


@dataclass(frozen=True, slots=True)
class Adopted:
    """A journal and the locks that make it ours."""

    source: Source
    writer: Lock
    reader: Lock

    def finished(self, lanes: list[str]) -> bool:
        """Whether every one of these sinks has all of it, and the store too."""
        positions = self.source.positions.lanes
        wanted = {*lanes, *({STORE} & positions.keys())}
        return bool(wanted) and all(name in positions and positions[name].closed for name in wanted)


class Shelf:
    """What one recorder took over. ``lanes`` are the names of its sinks."""

    def __init__(self, home: Path, own: Journal, lanes: frozenset[str]) -> None:
        self._home, self._own, self._lanes = home, own, lanes
        self._adopted: list[Adopted] = []

    def sources(self) -> list[Source]:
        """The journals, the oldest first."""
        return [each.source for each in self._adopted]

    def sources_done(self, lanes: list[str]) -> list[Adopted]:
        """Those that every sink has all of."""
        return [each for each in self._adopted if each.finished(lanes)]

    def adopt(self) -> bool:
        """Take over what nobody holds; whether there was any."""
        known = {self._own.name, *(each.source.journal.name for each in self._adopted)}
        others = [each for each in places.journals(self._home) if each.name not in known]
        found = []
        with contextlib.suppress(OSError):
            if others:
                with held(places.home_lock(self._home)):
                    found = [taken for each in others if (taken := self._take(each))]
        for each in [each for each in found if not each.source.journal.exists()]:
            # Never begun, or already counted.
            found.remove(each)
            with contextlib.suppress(OSError):
                ledger.fold(self._home, each.source.journal)
            self.release(each)
        self._adopted = sorted([*self._adopted, *found], key=lambda each: each.source.journal.name)
        return bool(found)

    def _take(self, each: Journal) -> Adopted | None:
        taken = Adopted(Source(each), each.writer_lock(), each.reader_lock())
        try:
            if taken.writer.take() and taken.reader.take():
                if each.exists():
                    taken.source.sealer()
                    taken.source.positions.open()
                    self._only_ours(taken.source)
                return taken
        except (OSError, ValueError):
            pass
        taken.writer.release()
        taken.reader.release()
        return None

    def _only_ours(self, source: Source) -> None:
        """A sink that is not installed any more must not hold up a journal; the store is waited for."""
        lanes = source.positions.lanes
        for name in [name for name in lanes if name not in self._lanes and name != STORE]:
            del lanes[name]
        source.begin(self._lanes, GUARD)

    def release(self, each: Adopted) -> None:
        """Let go of a journal."""
        self._adopted = [other for other in self._adopted if other is not each]
        each.source.positions.close()
        each.reader.release()
        each.writer.release()

    def close(self) -> None:
        """Let go of all."""
        for each in list(self._adopted):
            self.release(each)

    def set_aside(self, source: Source, record: Record) -> Path | None:
        """Write a record, sealed with the key of ``spool/aside``, to a file; None where it cannot be."""
        folder = places.folder(self._home) / "aside"
        name = f"{source.journal.name}-{record.header.seq}"
        try:
            private_folder(folder)
            aside = Journal(folder)
            if not aside.exists():
                aside.create(os.urandom(KEY_BYTES))
            head, body = record.frame or (b"", b"")
            sealed = Sealer(aside.key()).seal(record.header.kind, record.header.seq, name, head, body)
            handle = open_private(folder / name, os.O_WRONLY | os.O_TRUNC)
            try:
                write_all(handle, list(sealed))
            finally:
                os.close(handle)
        except (OSError, ValueError):
            return None
        return folder / name
