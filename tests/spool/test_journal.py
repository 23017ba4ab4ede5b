"""Where the spool's files lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.spool.journal import Journal, folder, home_lock, journals, new_name


def test_journals_are_listed_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    assert journals(tmp_path) == []
    names = [new_name() for _ in range(5)]
    for name in reversed(names):
        Journal(folder(tmp_path) / name).create(bytes(32))
    (folder(tmp_path) / "aside").mkdir()
    home_lock(tmp_path).touch()
    assert [each.name for each in journals(tmp_path)] == names


def test_a_journal_knows_its_segments_and_their_bytes(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "1")
    assert (journal.segments(), journal.bytes(), journal.exists()) == ([], 0, False)
    journal.create(bytes(32))
    for first in (20, 3, 100):
        journal.segment(first).write_bytes(b"x" * first)
    (journal.path / "x.segment").touch()
    assert (journal.segments(), journal.bytes(), journal.exists()) == ([3, 20, 100], 123, True)


def test_a_key_is_made_once_and_checked(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "1")
    journal.create(b"a" * 32)
    journal.create(b"b" * 32)
    assert journal.key() == b"a" * 32
    assert (journal.path / "key").stat().st_mode & 0o777 == 0o600
    (journal.path / "key").write_bytes(b"short")
    with pytest.raises(ValueError, match="not 32 bytes"):
        journal.key()


def test_the_locks_of_writer_and_reader_are_two(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "1")
    journal.create(bytes(32))
    writer, reader = journal.writer_lock(), journal.reader_lock()
    assert writer.take()
    assert reader.take()
    assert not journal.writer_lock().take()
    writer.release()
    reader.release()
