"""Sinks are found through entry points, ours and others'."""

from __future__ import annotations

from pathlib import Path

from claude_lens.recorder.sinks import Sink, factories
from claude_lens.settings import load


def test_ours_are_installed() -> None:
    assert {"store", "tracing"} <= factories().keys()


def test_a_foreign_sink_is_found_and_ours_can_be_left_out(journal: Path) -> None:
    found = factories(frozenset())
    assert sorted(found) == ["journal", "off"]
    assert isinstance(found["journal"](load()), Sink)
    assert found["off"](load()) is None
    assert "store" in factories(frozenset({"store"}))
