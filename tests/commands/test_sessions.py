import json
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens
from tests.harness.terminal import Terminal


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


def test_by_project_time_and_order(recorded: Lens) -> None:
    def ids(*options: str) -> list[str]:
        return [one["id"] for one in json.loads(recorded.lensctl("sessions", "--json", *options).stdout)]

    assert ids("--sort", "cost") == [SESSION, OTHER]
    assert ids("--sort", "started") == [OTHER, SESSION]
    assert ids("--since", "2025-10-09T08:53:30Z") == [OTHER]
    assert ids("--until", "2025-10-09T08:53:30Z") == [SESSION]
    assert ids("--project", "/home/me/[bold]x") == [OTHER, SESSION]
    assert "no session began in this range" in recorded.lensctl("sessions", "--project", "/elsewhere").stderr


@pytest.mark.parametrize("columns", [80, 60])
def test_a_narrow_terminal_keeps_time_cost_and_title(recorded: Lens, columns: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "claude_lens", "sessions"]
    environment = recorded.environment | {"TZ": "UTC", "NO_COLOR": "1"}
    with Terminal(command, environment, tmp_path, (columns, 40)) as terminal:
        terminal.ended()
        shown = [line for line in terminal.text().splitlines() if line.startswith(SESSION[:8])]
    assert len(shown) == 1
    assert f"{SESSION[:8]}  2025-10-09 08:53:21" in shown[0]
    assert "prompt of 1" in shown[0]
    assert "$0.0300" in shown[0]


def test_what_is_longer_than_the_terminal_goes_through_the_pager(recorded: Lens, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "claude_lens", "sessions"]
    environment = recorded.environment | {"PAGER": "sed s/^/PAGED:/"}
    for lines, paged in ((3, True), (40, False)):
        with Terminal(command, environment, tmp_path, (100, lines)) as terminal:
            terminal.ended()
            assert ("PAGED:" in terminal.text()) is paged


def test_nothing_yet(lens: Lens) -> None:
    done = lens.lensctl("sessions")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no session recorded yet" in done.stderr
    assert json.loads(lens.lensctl("sessions", "--json").stdout) == []
