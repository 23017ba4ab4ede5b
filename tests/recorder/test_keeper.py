"""What is on no disk: who has it, and when it may be forgotten."""

from __future__ import annotations

import pytest

from claude_lens.recorder import keeper as keeper_module
from claude_lens.recorder.keeper import Hold
from claude_lens.spool.records import ARRIVAL, ENDING


def hold(count: int, size: int = 10) -> Hold:
    made = Hold()
    for seq in range(1, count + 1):
        made.add(seq, ARRIVAL if seq % 2 else ENDING, (b"", b"x" * size))
    return made


def test_what_is_on_disk_is_forgotten() -> None:
    held = hold(4)
    assert (bool(held), held.bytes, held.newest, held.readable()) == (True, 40, 4, 0)
    for seq, record in held.to_write():
        assert record == (b"", b"x" * 10)
        held.remove(seq)
    held.remove(9)
    assert (bool(held), held.bytes, held.newest, held.readable()) == (False, 0, 4, 4)


def test_a_recorder_holds_no_more_than_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "WINDOW", 25)
    held = hold(4)
    assert [sent and sent[0] for sent in (held.to_send(), held.to_send(), held.to_send())] == [1, 2, None]
    assert held.readable() == 2
    held.committed(2, frozenset({1}))
    assert (held.bytes, held.arrivals()) == (30, 1)
    assert [sent and sent[0] for sent in (held.to_send(), held.to_send(), held.to_send())] == [3, 4, None]
    assert held.readable() == 4
    assert [seq for seq, _ in held.to_write()] == [3, 4]
    held.committed(4, frozenset())
    assert (bool(held), held.bytes) == (False, 0)


def test_one_larger_than_the_window_still_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "WINDOW", 5)
    held = hold(2)
    assert held.to_send() is not None
    assert held.to_send() is None


def test_another_recorder_is_sent_all_of_it_again() -> None:
    held = hold(2)
    while held.to_send():
        pass
    assert held.readable() == 2
    held.unsent()
    assert held.readable() == 0
    held.restart()
    assert held.newest == 0
