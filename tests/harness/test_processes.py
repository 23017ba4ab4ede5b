"""A child process and all it started end with the test."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.harness import Child, child_environment, until

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"])
time.sleep(600)
"""


def start(tmp_path: Path, program: str, stdin: bytes | None = None) -> Child:
    return Child([sys.executable, "-c", program], child_environment(), tmp_path, stdin=stdin)


def test_close_ends_the_whole_family(tmp_path: Path) -> None:
    child = start(tmp_path, FAMILY)
    until(lambda: len(child.descendants()) == 2, 20, lambda: "no second process")
    family = child.descendants()
    child.close()
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_a_child_of_a_killed_parent_ends_too(tmp_path: Path) -> None:
    child = start(tmp_path, FAMILY)
    until(lambda: len(child.descendants()) == 2, 20, lambda: "no second process")
    family = child.descendants()
    child.popen.kill()
    child.popen.wait()
    child.close()
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_wait_gives_output_and_bounds_time(tmp_path: Path) -> None:
    echo = start(tmp_path, "import sys; sys.stdout.write(sys.stdin.read().upper())", stdin=b"words")
    assert echo.wait(20) == (b"WORDS", b"")
    begun = time.monotonic()
    slow = start(tmp_path, "import time; print('so far', flush=True); time.sleep(600)")
    with pytest.raises(TimeoutError, match="so far"):
        slow.wait(1.5)
    assert time.monotonic() - begun < 15
    assert slow.popen.poll() is not None


def test_the_environment_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the developer's own")
    found = child_environment(EXTRA="1")
    assert "ANTHROPIC_API_KEY" not in found
    assert found["EXTRA"] == "1"
    assert found["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
