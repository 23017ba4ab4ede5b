import json
import signal
import sys

from tests.commands.conftest import OTHER
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


def test_goes_on_until_interrupted(recorded: Lens) -> None:
    child = recorded.start(sys.executable, "-P", "-m", "claude_lens", "watch", "--json")
    assert child.stdout is not None
    for _ in range(6):
        assert json.loads(child.stdout.readline())["status"] != "running"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err.strip()) == (130, "", "")
