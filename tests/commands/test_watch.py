import dataclasses
import json
import os
import signal
import socket
import sys
import time

from claude_lens.store.sink import open_sink
from tests.commands.conftest import OTHER, exchange
from tests.harness.lens import Lens


def test_once(recorded: Lens) -> None:
    lines = recorded.lensctl("watch", "--once", "-n", "2").stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[1] == "05" + "0" * 14
    assert lines[2].split()[1] == "10" + "0" * 14


def test_json_lines(recorded: Lens) -> None:
    lines = recorded.lensctl("watch", "--once", "--json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert len(found) == 6
    assert found[-1]["session_id"] == OTHER
    assert [one["started_at"] for one in found] == sorted(one["started_at"] for one in found)


def test_each_that_ends_is_told_once_however_many_came_since(lens: Lens) -> None:
    lens.home.mkdir(mode=0o700)
    sink = open_sink(lens.settings)
    # It may still end: its worker is this very process.
    worker = f"{socket.gethostname()}:{os.getpid()}:{time.time():.0f}"
    first = dataclasses.replace(exchange(1), worker=worker)
    sink.arrived(dataclasses.replace(first, status="running"))
    sink.ended(exchange(9))
    sink.flush()
    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "watch", "--json", "-n", "1")
    try:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["id"][:2] == "09"
        for number in range(2, 6):
            sink.arrived(exchange(number, status="running"))
            sink.ended(exchange(number))
        sink.flush()
        told = [json.loads(child.stdout.readline())["id"][:2] for _ in range(4)]
        assert sorted(told) == ["02", "03", "04", "05"]
        sink.ended(first)
        sink.flush()
        late = json.loads(child.stdout.readline())
        assert (late["id"], late["status"]) == (first.id, "ok")
    finally:
        sink.close()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=20)
    assert out == ""


def test_goes_on_until_interrupted(recorded: Lens) -> None:
    child = recorded.start(sys.executable, "-P", "-m", "claude_lens", "watch", "--json")
    assert child.stdout is not None
    for _ in range(6):
        assert json.loads(child.stdout.readline())["status"] != "running"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err.strip()) == (130, "", "")
