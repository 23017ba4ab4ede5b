from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import psutil

from claude_lens.store.workers import LONGEST_ON_ANOTHER_HOST, is_dead

HERE = socket.gethostname()


def test_this_process_lives() -> None:
    assert not is_dead(f"{HERE}:{os.getpid()}:{int(time.time())}", time.time())


def test_a_process_that_ended_is_dead() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()

    assert is_dead(f"{HERE}:{ended.pid}:{int(time.time())}", time.time())


def test_a_process_id_that_was_given_to_another_is_dead() -> None:
    before = int(psutil.Process().create_time()) - 60

    assert is_dead(f"{HERE}:{os.getpid()}:{before}", time.time())


def test_on_another_host_only_time_tells() -> None:
    assert not is_dead("elsewhere:1:1", time.time() - 60)
    assert is_dead("elsewhere:1:1", time.time() - LONGEST_ON_ANOTHER_HOST - 60)


def test_names_of_another_form_are_left_to_time() -> None:
    assert not is_dead("", time.time())
    assert is_dead("odd", 0.0)
    assert not is_dead(f"{HERE}:{os.getpid()}:soon", time.time())
