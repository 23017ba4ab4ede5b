"""The short form of ``benchmarks/soak.py``: a mixed load for 20 s."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak


@pytest.mark.slow
def test_a_mixed_load_is_answered_recorded_and_leaves_nothing_open(tmp_path: Path) -> None:
    told = soak.run(tmp_path, seconds=20.0, rate=20.0).told()
    assert set(told["kinds"]) == set(soak.KINDS)
    assert told["failed"] == {}
    assert told["faults"] == {}
    assert (told["recorded"], told["dropped"]) == (told["requests"], 0)
    assert told["requests"] >= 300
    assert max(told["more_files"].values()) <= 25
    # Caches still fill in the first seconds; the ten-minute form holds it to 5 %.
    assert max(told["growth"].values()) < 0.5
