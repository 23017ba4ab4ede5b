"""Large blocks go back to the system at once, whichever thread had them."""

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
def hold():
    blocks = [bytearray(200_000) for _ in range(100)]
    small = [bytes(3000) for _ in range(100)]
threads = [threading.Thread(target=hold) for _ in range(16)]
before = psutil.Process().memory_info().rss
for thread in threads: thread.start()
for thread in threads: thread.join()
print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="these settings are glibc's")
def test_memory_of_threads_goes_back() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 8 * 2**20
