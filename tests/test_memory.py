"""However many threads allocate, they share a few arenas."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import threading
from claude_lens import memory
assert memory.steady() is True
import psutil
gate, ready = threading.Event(), threading.Barrier(17)
def hold():
    block = bytearray(100_000)
    ready.wait()
    gate.wait()
before = psutil.Process().memory_info().vms
for _ in range(16): threading.Thread(target=hold).start()
ready.wait()
print(psutil.Process().memory_info().vms - before)
gate.set()
"""
# An arena reserves 64 MB of addresses, a thread's stack 8.
STACKS = 16 * 8 * 2**20
ARENA = 64 * 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_threads_share_arenas() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(run.stdout) < STACKS + 4 * ARENA
