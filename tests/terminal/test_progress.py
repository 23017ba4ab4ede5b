from __future__ import annotations

import io
import sys
import time

import pytest

from claude_lens.terminal import progress
from claude_lens.terminal.progress import progress_bar, progress_lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, patience: float) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    with progress_bar() as report:
        for share in (0.1, 0.5, 1.0):
            report("working", share)
            time.sleep(0.02)
    return stream.getvalue()


def test_a_bar_appears_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "working" in run(monkeypatch, Terminal(), 0.0)


def test_what_is_quick_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "working" not in run(monkeypatch, Terminal(), 60.0)


def test_no_terminal_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, io.StringIO(), 0.0) == ""


def test_an_interrupted_bar_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with pytest.raises(KeyboardInterrupt):
        _interrupted()


def _interrupted() -> None:
    with progress_bar() as report:
        report("working", 0.5)
        raise KeyboardInterrupt


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_lines() as report:
        for share in (0.0, 0.01, 0.15, 0.19, 1.0):
            report("working", share)
    assert stream.getvalue().splitlines() == ["working: 0%", "working: 10%", "working: 100%"]


def test_a_bar_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress_lines() as report:
        report("working", 0.5)
    assert "working: 50%" not in stream.getvalue()
