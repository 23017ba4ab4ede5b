"""``passed = stored + waiting + lost`` over journals that come and go."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from claude_lens.spool import files
from claude_lens.spool.counters import Counters
from claude_lens.spool.journal import Journal
from claude_lens.spool.ledger import Ledger, fold, look
from claude_lens.spool.positions import Position, Positions
from tests.spool.conftest import NewWriter, write


def journal(new_writer: NewWriter, passed: int, lost: int = 0, **lanes: Position) -> Journal:
    counters = Counters()
    writer = new_writer(counters=counters)
    write(writer, 1)
    for _ in range(passed):
        counters.passed()
    counters.lost(lost)
    positions = Positions(writer.journal.positions)
    positions.open()
    positions.lanes = dict(lanes)
    positions.save()
    positions.close()
    writer.close()
    return writer.journal


def test_no_spool_is_nothing(tmp_path: Path) -> None:
    assert look(tmp_path) == Ledger()
    assert list(tmp_path.iterdir()) == []


def test_journals_are_summed_and_the_store_tells_what_is_stored(
    new_writer: NewWriter, tmp_path: Path
) -> None:
    journal(
        new_writer,
        10,
        1,
        store=Position(stored=4, lost=2, aside=1, reason="locked"),
        tracing=Position(stored=10),
    )
    journal(new_writer, 5, mine=Position(stored=3), yours=Position(stored=5))
    journal(new_writer, 2)
    found = look(tmp_path)
    assert (found.passed, found.stored, found.waiting, found.lost, found.aside) == (17, 7, 7, 3, 1)
    assert (found.reason, found.bytes > 900) == ("locked", True)


def test_a_journal_that_is_done_leaves_its_counts(new_writer: NewWriter, tmp_path: Path) -> None:
    for stored in (10, 8):
        done = journal(new_writer, 10, store=Position(stored=stored, aside=10 - stored, closed=True))
        fold(tmp_path, done)
        assert not done.path.exists()
    assert look(tmp_path) == Ledger(20, 18, 2, 2)
    assert (tmp_path / "spool" / "totals.json").stat().st_mode & 0o777 == 0o600


def test_a_death_between_counting_and_removing_counts_nothing_twice(
    new_writer: NewWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = journal(new_writer, 3, store=Position(stored=3, closed=True))
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "rmtree", lambda _: None)
        fold(tmp_path, done)
    assert done.path.exists()
    assert look(tmp_path) == Ledger(3, 3)
    fold(tmp_path, done)
    assert not done.path.exists()
    assert look(tmp_path) == Ledger(3, 3)


def test_where_the_totals_cannot_be_written_the_journal_counts_on(
    new_writer: NewWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = journal(new_writer, 3, store=Position(stored=3, closed=True))

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(OSError, match="no space"):
        fold(tmp_path, done)
    assert done.path.exists()
    assert (look(tmp_path).passed, look(tmp_path).stored) == (3, 3)


def test_damaged_totals_are_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    for text in ("", "[]", "{}", "nonsense"):
        (tmp_path / "spool" / "totals.json").write_text(text)
        assert look(tmp_path) == Ledger()
