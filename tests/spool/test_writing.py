"""The writing end: private, bounded, and leaving nothing half written."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import pytest

from claude_lens.spool import writing
from claude_lens.spool.journal import journals
from claude_lens.spool.reading import Source
from tests.spool.conftest import NewWriter, numbers, read, write


def test_everything_is_private_and_comes_back_in_order(new_writer: NewWriter, tmp_path: Path) -> None:
    writer = new_writer()
    write(writer, 1, 2, -1, 3, -3, -2)
    files = [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert len(writer.journal.segments()) == 2
    assert numbers(read(Source(writer.journal))) == [1, 2, 3, 4, 5, 6]
    writer.close()


def test_a_journal_has_one_writer_for_as_long_as_it_lives(new_writer: NewWriter) -> None:
    writer, other = new_writer(), new_writer()
    write(writer, 1)
    assert not writer.journal.writer_lock().take()
    other.journal = writer.journal
    with pytest.raises(OSError, match="another process"):
        write(other, 1)
    writer.close()
    assert writer.journal.writer_lock().take()


def test_the_bound_holds_for_all_journals_of_a_home_together(
    new_writer: NewWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LOOK_AGAIN", 500)
    first, second = new_writer(limit=3000), new_writer(limit=3000)
    write(first, *range(1, 7))
    with pytest.raises(OSError, match="spool is full"):
        write(second, *range(1, 7))
    assert sum(each.bytes() for each in journals(first._home)) <= 3000
    shutil.rmtree(first.journal.path)
    write(second, 8)
    second.close()


def test_never_more_than_half_of_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert writing.room(tmp_path, 1 << 40) == 500
    assert writing.crowded(tmp_path, 1 << 40)
    monkeypatch.undo()
    assert writing.room(tmp_path, 1 << 40) == writing.LOOK_AGAIN
    assert not writing.crowded(tmp_path, 1 << 40)
    assert not writing.crowded(tmp_path / "none", 1 << 40)


def test_a_full_disk_leaves_whole_records_and_is_left_behind(new_writer: NewWriter) -> None:
    writer = new_writer(segment_bytes=1 << 20)
    write(writer, 1, 2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = writer.journal.bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match=r"."):
                write(writer, 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert writer.journal.bytes() == size
    write(writer, 3)
    found = read(Source(writer.journal))
    assert [record.header.seq for record in found if record.frame] == [1, 2, 5]
    writer.close()


def test_a_folder_that_is_removed_is_noticed(new_writer: NewWriter) -> None:
    writer = new_writer()
    assert not writer.gone()
    write(writer, 1)
    assert not writer.gone()
    shutil.rmtree(writer.journal.path)
    assert writer.gone()
    writer.close()
    assert [path.name for path in writer.journal.path.parent.iterdir()] == ["lock"]
