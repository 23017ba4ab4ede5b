"""Few arenas for all threads; what is permanent is not looked through again."""

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


PERMANENT = """
import gc
from claude_lens import memory
kept = [[] for _ in range(100_000)]
warming = memory.Warming(after=2, at_last=4, thresholds=(600, 9, 3))
seen = []
for idle in (True, False, False, False, True):
    warming.answered(idle=idle)
    seen.append(len(gc.get_objects()) < 50_000)
print(seen, gc.get_threshold())
"""


def test_what_lives_for_long_is_taken_out_of_collections_once() -> None:
    run = subprocess.run([sys.executable, "-c", PERMANENT], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[False, False, False, True, True] (600, 9, 3)"


def test_it_waits_for_a_moment_when_nothing_runs() -> None:
    program = PERMANENT.replace("(True, False, False, False, True)", "(True, True, False)")
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[False, True, True] (600, 9, 3)"
