"""The reading end: torn tails, flipped bits, gaps, and what lies in memory only."""

from __future__ import annotations

import pytest

from claude_lens.spool.positions import Position
from claude_lens.spool.reading import NOWHERE, Cursor, Place, Source
from claude_lens.spool.records import ARRIVAL, ENDING, HEADER, Damaged
from tests.spool.conftest import NewWriter, numbers, read, write


@pytest.mark.parametrize("cut", [1, 100, 300, 340, 353])
def test_a_torn_tail_is_the_end_until_it_is_whole(new_writer: NewWriter, cut: int) -> None:
    writer = new_writer(segment_bytes=1 << 20)
    write(writer, 1, 2, 3)
    source, path = Source(writer.journal), writer.journal.segment(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    cursor = Cursor(source, Position())
    assert [cursor.next() is not None for _ in range(4)] == [True, True, False, False]
    path.write_bytes(whole)
    last = cursor.next()
    assert last is not None
    assert last.header.seq == 3
    assert cursor.damaged == 0
    cursor.close()
    writer.close()


def test_a_flipped_bit_costs_one_record(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=1 << 20)
    write(writer, 1, 2, 3, 4)
    path = writer.journal.segment(1)
    whole, size = path.read_bytes(), len(path.read_bytes()) // 4
    body, header = bytearray(whole), bytearray(whole)
    body[size + HEADER + 50] ^= 4
    header[size + 20] ^= 4
    path.write_bytes(body)
    assert numbers(read(Source(writer.journal))) == [1, -2, 3, 4]
    path.write_bytes(header)
    assert numbers(read(Source(writer.journal))) == [1, 3, 4]
    path.write_bytes(b"\0" * size + whole[size : 2 * size] + b"junk" * 1000 + whole[2 * size :])
    assert numbers(read(Source(writer.journal))) == [2, 3, 4]
    writer.close()


def test_a_torn_segment_does_not_hide_the_next(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=600)
    write(writer, 1, 2, 3, 4)
    assert writer.journal.segments() == [1, 3]
    path = writer.journal.segment(1)
    path.write_bytes(path.read_bytes()[:-10])
    assert numbers(read(Source(writer.journal))) == [1, 3, 4]
    writer.close()


def test_it_goes_no_further_than_it_is_told(new_writer: NewWriter) -> None:
    writer = new_writer()
    write(writer, 1, 2, 3)
    source = Source(writer.journal, limit=0)
    cursor = Cursor(source, Position())
    assert cursor.next() is None
    source.limit = 2
    assert [cursor.next() is None for _ in range(3)] == [False, False, True]
    source.limit = None
    assert cursor.next() is not None
    cursor.close()
    writer.close()


def test_what_lies_in_memory_is_read_in_its_place(new_writer: NewWriter) -> None:
    writer = new_writer()
    write(writer, 1, 2)
    source = Source(writer.journal, limit=9)
    for seq in (3, 4):
        source.inline[seq] = writer.sealer.seal(ARRIVAL, seq, str(seq), b"", b"")
    writer.written = 4  # type: ignore[attr-defined]
    write(writer, 5, 6)
    source.inline[9] = writer.sealer.seal(ENDING, 9, "3", b"", b"")
    assert numbers(read(source)) == [1, 2, 3, 4, 5, 6, 9]
    assert source.load(Place(3, NOWHERE, 0)) == (b"", b"")
    with pytest.raises(Damaged):
        source.load(Place(7, NOWHERE, 0))
    writer.close()


def test_what_every_sink_has_is_removed_but_not_the_requests_of_what_still_runs(
    new_writer: NewWriter,
) -> None:
    writer = new_writer(segment_bytes=300)
    write(writer, 1, 2, -2, 3, -3, 4, -4)
    source = Source(writer.journal)
    source.positions.open()
    fast, slow = source.position("fast"), source.position("slow")
    for position, steps in ((fast, 7), (slow, 3)):
        cursor = Cursor(source, position)
        for _ in range(steps):
            record = cursor.next()
            assert record is not None
            if record.header.kind == ENDING:
                cursor.open.pop(record.header.exchange)
        cursor.mark(position)
        cursor.close()
    source.save()
    assert source.committed() == 3
    assert writer.journal.segments() == [1, 3, 4, 5, 6, 7]
    again = Cursor(source, slow)
    assert list(again.open.values()) == [Place(1, 1, 0)]
    assert source.load(Place(1, 1, 0)) == (b"head", b"x" * 300 + b"1")
    source.drop("slow")
    source.save()
    assert writer.journal.segments() == [1, 7]
    writer.close()
    source.positions.close()


def test_a_record_is_unsealed_when_it_is_asked_for(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=1 << 10)
    write(writer, *range(1, 12))
    assert len(writer.journal.segments()) > 1
    source = Source(writer.journal)
    cursor = Cursor(source, Position())
    records = []
    while (record := cursor.next()) is not None:
        records.append(record)
    # Also once the cursor is in a later segment.
    cursor.close()
    assert [record.header.seq for record in records] == list(range(1, 12))
    assert [record.frame for record in records] == [source.load(record.place) for record in records]
    assert records[0].frame is records[0].frame
    writer.close()


def test_only_what_is_written_down_is_noted_as_committed(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=1 << 20)
    write(writer, 1, 2, 3)
    source = Source(writer.journal)
    source.begin(["one", "two"], "guard")
    assert source.noted == (0, [])
    for lane in ("one", "two"):
        cursor = Cursor(source, source.position(lane))
        while cursor.next() is not None:
            pass
        cursor.mark(source.position(lane))
        cursor.close()
    assert source.committed() == 3
    assert source.noted == (0, [])
    source.save()
    assert source.noted == (3, [])
    writer.close()
