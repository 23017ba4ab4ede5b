"""Journals to write and to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from claude_lens.spool.counters import Counters
from claude_lens.spool.positions import Position
from claude_lens.spool.reading import Cursor, Record, Source
from claude_lens.spool.records import ARRIVAL, ENDING
from claude_lens.spool.writing import JournalWriter

NewWriter = Callable[..., JournalWriter]


@pytest.fixture
def new_writer(tmp_path: Path) -> NewWriter:
    """Opens a journal of the home folder ``tmp_path``."""

    def make(
        limit: int = 1 << 40, segment_bytes: int = 1000, counters: Counters | None = None
    ) -> JournalWriter:
        return JournalWriter(tmp_path, limit, counters or Counters(), segment_bytes)

    return make


def write(writer: JournalWriter, *numbers: int, body: bytes = b"x" * 300) -> None:
    """Arrivals of exchanges by number; a negative number is an end."""
    for each in numbers:
        seq = getattr(writer, "written", 0) + 1
        writer.written = seq  # type: ignore[attr-defined]
        kind = ARRIVAL if each > 0 else ENDING
        writer.append(seq, writer.sealer.seal(kind, seq, str(abs(each)), b"head", body + str(each).encode()))


def read(source: Source, position: Position | None = None) -> list[Record]:
    """Everything from a position on."""
    cursor = Cursor(source, position or Position())
    found = []
    while (record := cursor.next()) is not None:
        found.append(record)
    cursor.close()
    return found


def numbers(records: list[Record]) -> list[int]:
    """The records' numbers; negative where one is damaged."""
    return [record.header.seq if record.frame else -record.header.seq for record in records]
