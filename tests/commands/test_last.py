import json
import sys

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens


def test_four_lines_and_json(recorded: Lens) -> None:
    lines = recorded.lensctl("last", SESSION, check=True).stdout.splitlines()
    assert len(lines) == 4
    told = json.loads(recorded.lensctl("last", SESSION, "--json", check=True).stdout)
    assert told["session"]["id"] == SESSION
    assert lines[0].startswith(f"{told['session']['exchanges']} requests of ")
    assert told["agents"][0]["agent"] == "main"
    total = sum(row["cost_usd"] or 0 for row in told["agents"])
    assert abs(total - told["session"]["cost_usd"]) < 1e-9
    assert f"lensctl open {SESSION[:8]}" in lines[3]


def test_the_newest_and_none(recorded: Lens, lens: Lens) -> None:
    assert OTHER[:8] in recorded.lensctl("last", check=True).stdout
    empty = lens.lensctl("last")
    assert empty.returncode == 2
    assert empty.stdout == ""


def test_as_a_hook_it_never_complains(lens: Lens) -> None:
    for told in ("", "nonsense", "[]", '{"session_id": "x"}'):
        done = lens.run(sys.executable, "-P", "-m", "claude_lens", "last", "--hook", stdin=told)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
