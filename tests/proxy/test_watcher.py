"""The watcher with a stand-in for the proxy, which dies as it is told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from claude_lens.proxy import handover, watcher
from claude_lens.proxy import record as records
from claude_lens.settings import PACKAGE, load
from tests.harness.processes import child_environment
from tests.harness.proxy import until

# Says that it serves, and goes on unless there is a file that says how to end.
SERVING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGUSR1, lambda *_: os._exit(0))
open("starts", "a").write(f"{os.getpid()} {' '.join(sys.argv[1:])}\\n")
if os.path.exists("broken"):
    sys.exit(3)
if not os.path.exists("mute"):
    os.write(int(sys.argv[sys.argv.index("--ready") + 1]), b"ready")
while True:
    time.sleep(60)
"""


class Watched:
    """A watcher that runs the stand-in in ``home``."""

    def __init__(self, home: Path, taking_over: bool = False, **delays: Any) -> None:
        self.home = home
        self.listener = socket.create_server(("127.0.0.1", 0))
        with (home / "proxy.log").open("ab") as log:
            self.popen = subprocess.Popen(
                watcher.command(sys.executable, PACKAGE),
                env=child_environment(),
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[self.listener.fileno()],
                start_new_session=True,
            )
        told = {
            # The last word is how a proxy is known.
            "command": [sys.executable, "-c", SERVING, records.MODULE],
            "record": {"url": "http://127.0.0.1:1"},
            "home": str(home),
            "listeners": [self.listener.fileno()],
            "taking_over": taking_over,
        }
        assert self.popen.stdin
        assert self.popen.stdout
        self.popen.stdin.write(json.dumps(told).encode() + b"\n")
        self.popen.stdin.flush()
        self.stdin, self.stdout = self.popen.stdin, self.popen.stdout

    def leave(self) -> None:
        """What ``lensctl up`` does once the proxy serves."""
        self.stdin.close()
        self.stdout.close()

    @property
    def starts(self) -> list[list[str]]:
        """The words of each start: process id and arguments."""
        file = self.home / "starts"
        return [line.split() for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def record(self) -> dict[str, Any]:
        """What stands in ``proxy.json``."""
        return records.read(load({"CLAUDE_LENS_HOME": str(self.home)}))

    @property
    def log(self) -> str:
        """What was said."""
        return (self.home / "proxy.log").read_text()

    def kill(self) -> int:
        """Kill the proxy; returns which it was."""
        pid = int(self.starts[-1][0])
        os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        """End everything."""
        if self.popen.poll() is None:
            family = psutil.Process(self.popen.pid).children(recursive=True)
            for process in [psutil.Process(self.popen.pid), *family]:
                process.kill()
        self.popen.wait()
        self.leave()
        self.listener.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder whose path is longer than that of a socket may be."""
    folder = tmp_path / ("long name" * 11)
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def watched(home: Path) -> Iterator[Watched]:
    made = Watched(home)
    yield made
    made.close()


def up(watched: Watched) -> None:
    word, _, pid = watched.stdout.readline().decode().strip().partition(" ")
    assert (word, pid) == ("ready", watched.starts[0][0])
    watched.leave()


def test_brings_a_dead_proxy_back_at_the_same_sockets(watched: Watched) -> None:
    up(watched)
    until(lambda: "watcher" in watched.record, 20, lambda: watched.log)
    assert records.watcher_of(watched.record) == psutil.Process(watched.popen.pid)
    first = watched.kill()
    until(lambda: len(watched.starts) == 2, 20, lambda: watched.log)
    until(lambda: watched.record["watcher"]["deaths"] == 1, 20, lambda: str(watched.record))
    again = int(watched.starts[1][0])
    assert (watched.record["pid"], watched.starts[0][1:2]) == (again, watched.starts[1][1:2])
    process = records.process_of(watched.record)
    assert process is not None
    assert process.pid == again
    assert f"the proxy (process {first}) was ended by SIGKILL" in watched.log
    assert watched.record["watcher"]["last"].startswith("was ended by SIGKILL")


def test_hands_on_its_sockets(watched: Watched) -> None:
    up(watched)
    taken = handover.take(watched.home)
    try:
        assert [one.getsockname() for one in taken] == [watched.listener.getsockname()]
        os.kill(watched.popen.pid, signal.SIGUSR1)
        assert watched.popen.wait(20) == 0
        assert not psutil.pid_exists(int(watched.starts[0][0]))
        # Ours is the last that listens there.
        watched.listener.close()
        with socket.create_connection(taken[0].getsockname(), 5):
            pass
    finally:
        for one in taken:
            one.close()
    assert handover.take(watched.home) == []


def test_it_is_small_and_needs_nothing_but_the_standard_library(watched: Watched) -> None:
    up(watched)
    process = psutil.Process(watched.popen.pid)
    assert process.memory_full_info().uss < 12 << 20
    assert not [one.path for one in process.memory_maps() if "site-packages" in one.path]
    before = process.cpu_times()
    time.sleep(0.5)
    assert sum(process.cpu_times()[:2]) - sum(before[:2]) < 0.1


def test_told_to_stop_it_stops_both(watched: Watched) -> None:
    up(watched)
    os.kill(watched.popen.pid, signal.SIGTERM)
    assert watched.popen.wait(20) == 0
    assert not psutil.pid_exists(int(watched.starts[0][0]))
    assert len(watched.starts) == 1


def test_a_proxy_that_was_told_to_end_has_ended(watched: Watched) -> None:
    up(watched)
    os.kill(int(watched.starts[0][0]), signal.SIGTERM)
    assert watched.popen.wait(20) == 0
    assert len(watched.starts) == 1


def test_stopped_while_it_waits_it_starts_nothing(watched: Watched) -> None:
    up(watched)
    (watched.home / "broken").touch()
    watched.kill()
    until(lambda: "it is started again in 1 s" in watched.log, 20, lambda: watched.log)
    assert watched.record["pid"] is None
    assert records.watcher_of(watched.record) is not None
    os.kill(watched.popen.pid, signal.SIGTERM)
    assert watched.popen.wait(20) == 0
    assert len(watched.starts) == 2


def test_one_that_dies_at_each_start_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With shorter pauses, in this process' own child, as they are no setting."""
    (home / "go").write_text(
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "from claude_lens.proxy import watcher\n"
        "watcher.DELAYS = (0.0, 0.1, 0.2)\nwatcher.main()\n"
    )
    monkeypatch.setattr(
        watcher, "command", lambda python, _package: [python, "-I", "-S", "go", watcher.MODULE]
    )
    watched = Watched(home)
    try:
        up(watched)
        (home / "broken").touch()
        watched.kill()
        assert watched.popen.wait(30) == 1
        assert len(watched.starts) == 4
        assert (
            "ended with code 3 after 0 s; it has died 4 times in a row and is not started again"
            in watched.log
        )
        assert (watched.record["pid"], watched.record["watcher"]["deaths"]) == (None, 4)
    finally:
        watched.close()


def test_one_that_never_served_is_said_to_who_waits(home: Path) -> None:
    (home / "broken").touch()
    watched = Watched(home)
    try:
        assert watched.stdout.readline() == b"ended 3\n"
        assert watched.popen.wait(20) == 1
        assert len(watched.starts) == 1
    finally:
        watched.close()


@pytest.mark.parametrize("served", [True, False])
def test_taking_over(home: Path, served: bool) -> None:
    """It is noted once it serves; without anybody to end the one before, it goes."""
    (home / "proxy.json").write_text('{"pid": 1}')
    if not served:
        (home / "mute").touch()
    watched = Watched(home, taking_over=True)
    try:
        if served:
            up(watched)
            assert watched.record["pid"] == int(watched.starts[0][0])
        else:
            until(lambda: bool(watched.starts), 20, lambda: watched.log)
            watched.leave()
            assert watched.popen.wait(20) == 0
            assert not psutil.pid_exists(int(watched.starts[0][0]))
            assert watched.record == {"pid": 1}
        assert watched.starts[0][-1] == "--whole"
    finally:
        watched.close()
