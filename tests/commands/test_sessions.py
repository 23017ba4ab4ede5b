import json

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens


def test_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("sessions", "--json").stdout)
    assert [one["id"] for one in found] == [OTHER, SESSION]
    assert set(found[1]) >= {
        "id",
        "title",
        "project",
        "started_at",
        "ended_at",
        "exchanges",
        "agents",
        "cost_usd",
        "usage",
    }
    assert (found[1]["exchanges"], found[1]["agents"]) == (5, 3)
    assert round(found[1]["cost_usd"], 9) == 0.03
    assert found[1]["usage"]["cache_read_input_tokens"] == 360


def test_table(recorded: Lens) -> None:
    lines = recorded.lensctl("sessions").stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(OTHER)
    assert "/home/me/[bold]x" in lines[1]
    assert "\x1b" not in "".join(lines)
    assert len(recorded.lensctl("sessions", "-n", "1").stdout.splitlines()) == 2


def test_nothing_yet(lens: Lens) -> None:
    done = lens.lensctl("sessions")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no session recorded yet" in done.stderr
    assert json.loads(lens.lensctl("sessions", "--json").stdout) == []
