"""Counts that outlive a killed process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from claude_lens.spool.counters import Counters, Counts, read

COUNT = """
import os, signal, sys
from pathlib import Path
from claude_lens.spool.counters import Counters
counters = Counters(); counters.passed(); counters.keep(Path(sys.argv[1]))
for _ in range(999): counters.passed()
counters.lost(7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_counts_of_a_killed_process_are_true(tmp_path: Path) -> None:
    assert (
        subprocess.run([sys.executable, "-c", COUNT, str(tmp_path / "passed")], check=False).returncode == -9
    )
    assert read(tmp_path / "passed") == Counts(1000, 7)
    assert (tmp_path / "passed").stat().st_mode & 0o777 == 0o600


def test_without_a_file_it_counts_in_memory(tmp_path: Path) -> None:
    counters = Counters()
    counters.passed()
    counters.lost()
    assert counters.counts() == Counts(1, 1)
    assert read(tmp_path / "none") == Counts()
    (tmp_path / "short").write_bytes(b"x")
    assert read(tmp_path / "short") == Counts()
