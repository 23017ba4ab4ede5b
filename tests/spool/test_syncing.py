"""Only what waits is synced."""

from __future__ import annotations

from claude_lens.spool.reading import Source
from claude_lens.spool.syncing import Syncer
from tests.spool.conftest import NewWriter, write


def test_what_waits_longer_than_one_look_is_synced_once(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=300)
    write(writer, 1, 2)
    source = Source(writer.journal, limit=2)
    position, syncer = source.position("store"), Syncer(source)
    assert [syncer.look() for _ in range(3)] == [0, 2, 0]
    write(writer, 3)
    source.limit = 3
    assert syncer.look() == 1
    position.seq = 3
    write(writer, 4)
    assert syncer.look() == 0
    writer.close()
