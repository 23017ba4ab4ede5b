"""A day on a terminal of any width."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from claude_lens.happened.states import iso
from claude_lens.terminal import day

NOW = 1_760_000_000.0


def state(kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "agent_id": None,
        "agent": "main",
        "kind": kind,
        "since": iso(NOW - 31),
        "tool": None,
        "detail": None,
        **fields,
    }


def session(name: str, told: dict[str, Any] | None) -> Any:
    return {
        "id": f"{name}-0000-0000-0000",
        "title": "a long title " * 9,
        "state": told,
        "files_changed": 2,
        "cost_usd": 1.25,
        "unpriced": 0,
    }


def test_states_in_words() -> None:
    tool = state("tool", tool="Bash", detail="npm test")
    assert day.state_line(tool, NOW) == "running Bash 31.0 s npm test"  # type: ignore[arg-type]
    agent = state("stalled", agent_id="a1", agent="scanner")
    assert day.state_line(agent, NOW) == "scanner: stalled 31.0 s"  # type: ignore[arg-type]
    assert day.state_line(state("done"), NOW) == "done"  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_figure_is_cut(width: int) -> None:
    found: Any = {
        "running": [session("run", state("tool", tool="Bash", detail="npm " * 40))],
        "waiting": [session("wait", state("waiting_user"))],
        "finished": [session(f"{number:04}", state("done")) for number in range(12)],
        "failed": [],
        "cost_usd": 3.0,
        "usual_usd": 2.0,
        "windows": [{"account": "", "name": "5h", "used": 0.83, "resets_at": iso(NOW + 60), "full_at": None}],
        "losses": [
            {"cause": "expired", "usd": 0.5, "ms": 0.0},
            {"cause": "retries", "usd": 0.0, "ms": 4000.0},
        ],
        "dearest": [],
        "since": iso(NOW - 3600),
        "day": iso(NOW - 7200),
    }
    out = io.StringIO()
    Console(file=out, width=width).print(day.whole(found, NOW))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "today $3.0000, on a usual day $2.0000" in text
    assert text.count("$1.2500") == 12
    for words in ("83", "running (1)", "waiting for you (1)", "(12)", "and 2 more", "$0.5000", "4.0 s"):
        assert words in text


def test_paths_from_the_project_on() -> None:
    assert day.below("/home/me/x/a.py", "/home/me/x") == "a.py"
    assert day.below("/home/me/xy/a.py", "/home/me/x") == "/home/me/xy/a.py"
    assert day.below("/a.py", None) == "/a.py"
