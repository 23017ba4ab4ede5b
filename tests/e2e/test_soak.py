"""The short form of ``benchmarks/soak.py``: a mixed load for 40 s."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak


@pytest.mark.slow
def test_a_mixed_load_is_answered_recorded_and_leaves_nothing_open(tmp_path: Path) -> None:
    result = soak.run(tmp_path, seconds=40.0, rate=20.0)
    told = result.told()
    assert set(told["kinds"]) == set(soak.KINDS)
    assert told["failed"] == {}
    assert told["faults"] == {}
    assert (told["recorded"], told["dropped"]) == (told["requests"], 0)
    assert told["requests"] >= 600
    assert max(told["more_files"].values()) <= 25
    # Caches fill in the first seconds, whatever the load: from the middle on, hardly anything is added.
    growth = {name: result.growth(name, since=5) for name in result.processes()}
    assert max(growth.values()) < 0.2, told
