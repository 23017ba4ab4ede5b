"""``lensctl plan`` and ``stats --plan``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from claude_lens.cli import run
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Response
from claude_lens.store.sink import StoreSink


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    return tmp_path


def fill(home: Path) -> None:
    sink = StoreSink(f"sqlite:///{home / 'lens.db'}")
    sink.writer.open()
    now = time.time()
    for number, used in enumerate((0.1, 0.14, 0.2)):
        headers = tuple(
            (f"anthropic-ratelimit-unified-{window}-{what}", value)
            for window in ("5h", "7d")
            for what, value in (("utilization", str(used)), ("reset", f"{now + 7200:.0f}"))
        )
        identity = Identity(session_id="s1", user_id="u", project="/p", agent=Agent(evidence="default"))
        sink.ended(
            Exchange(
                id=f"e{number}",
                status="ok",
                identity=identity,
                model=Model(requested="claude-m"),
                started_at=now - 600 + number,
                duration_ms=500.0,
                ttfb_ms=50.0,
                cost=Cost(usd=0.1),
                response=Response(headers=headers),
            )
        )
    sink.close()


def test_nothing_yet(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"windows": []}
    assert run(["plan"]) == 0
    assert "no reading of a plan yet" in capsys.readouterr().out


def test_who_used_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(home)
    assert run(["plan", "--json"]) == 0
    windows = json.loads(capsys.readouterr().out)["windows"]
    assert [(one["name"], one["used"]) for one in windows] == [("5h", 0.2), ("7d", 0.2)]
    for one in windows:
        assert set(one) == {"account", "name", "used", "resets_at", "full_at", "read_at", "by", "elsewhere"}
        (part,) = one["by"]
        assert {**part, "share": 0} == {
            "session_id": "s1",
            "agent": "main",
            "project": "/p",
            "model": "claude-m",
            "share": 0,
        }
        assert part["share"] + one["elsewhere"] == pytest.approx(0.2, abs=1e-12)
        assert one["elsewhere"] == pytest.approx(0.1)
    assert run(["plan"]) == 0
    out = capsys.readouterr().out
    assert "5h: 20 % used, resets" in out
    assert "elsewhere" in out
    assert run(["stats", "--by", "agent", "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["main"]["7d"] == pytest.approx(0.1)
    assert run(["stats", "--by", "agent", "--plan"]) == 0
    assert "plan by agent" in capsys.readouterr().out
    assert run(["stats", "--by", "model", "--plan"]) == 2
