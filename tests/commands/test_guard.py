"""``lensctl guard`` without a proxy; with one it is in ``tests/capture/test_guarding.py``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from claude_lens.cli import run
from claude_lens.exchange import Cost, Exchange, Identity, Model
from claude_lens.guard import file
from claude_lens.store.sink import StoreSink
from tests.harness.processes import free_port

SHOWN = {
    "id",
    "scope",
    "limit",
    "unit",
    "window",
    "spent",
    "reserved",
    "left",
    "resets_at",
    "mode",
    "stopped",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.delenv("CLAUDE_LENS_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stored(home: Path, *exchanges: Exchange) -> None:
    sink = StoreSink(f"sqlite:///{home / 'lens.db'}")
    sink.writer.open()
    for one in exchanges:
        sink.ended(one)
    sink.close()


SETS = [
    (["--agent", "code-reviewer", "2/day"], "agent:code-reviewer/day"),
    (["--session", "15"], "session"),
    (["--session", "abc", "3"], "session:abc"),
    (["--project", ".", "50/week"], "project:{home}/week"),
    (["--model", "opus", "30/month"], "model:opus/month"),
    (["--user", "ann", "5/day"], "user:ann/day"),
    (["--account", "7c0f", "100/month"], "account:7c0f/month"),
    (["--agents-per-session", "40"], "agents-per-session"),
    (["--depth", "3"], "depth"),
    (["--plan", "7d:90%"], "plan:7d"),
    (["--requests", "200/hour"], "requests/hour"),
    (["--agent", "Explore", "--requests", "20", "--mode", "warn"], "agent:Explore+requests"),
]


def test_set_list_and_take_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, _ in SETS:
        assert run(["guard", "set", *arguments]) == 0
    idents = [ident.format(home=home.resolve()) for _, ident in SETS]
    assert [one.id for one in file.load(home, None).rules] == idents
    capsys.readouterr()
    assert run(["guard", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"rules", "shared", "faults"}
    assert [one["id"] for one in told["rules"]] == idents
    assert all(set(one) == SHOWN for one in told["rules"])
    assert told["rules"][-1]["mode"] == "warn"
    assert run(["guard"]) == 0
    assert "30/month" not in capsys.readouterr().out
    for ident in idents:
        assert run(["guard", "rm", ident]) == 0
    assert file.load(home, None).rules == ()
    capsys.readouterr()
    assert run(["guard"]) == 0
    assert "lensctl guard set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["set"], "one limit at a time"),
        (["set", "--agent", "x"], "one limit at a time"),
        (["set", "--depth", "3", "--plan", "7d:90%"], "one limit at a time"),
        (["set", "--agent", "x", "2/moon"], "names no window"),
        (["set", "--plan", "90%"], "7d:90%"),
        (["set", "--session", "lots"], "expected dollars"),
        (["rm", "nothing"], "there are no limits"),
        (["check"], "say whom to check"),
    ],
)
def test_mistakes(home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert run(["guard", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not (home / file.NAME).exists()


def test_another_machines_limits_are_not_set_from_here(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLAUDE_LENS_URL", "https://lens.example.org")
    assert run(["guard", "set", "--session", "1"]) == 2
    assert "lens.example.org" in capsys.readouterr().err


def test_who_meets_what_and_is_lifted_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identity, at = Identity(session_id="s1-and-more", project="/p"), time.time()
    refused = Model(rule="session")
    stored(
        home,
        Exchange(id="e1", status="ok", identity=identity, started_at=at, cost=Cost(usd=2.0)),
        Exchange(
            id="e2", status="refused", identity=identity, started_at=at, model=refused, cost=Cost(usd=0.0)
        ),
    )
    (home / file.NAME).write_text("rules:\n  - session: 1\n  - {agent: x, limit: 1/day}\n")
    assert run(["guard", "check", "--session", "s1", "--agent", "main"]) == 0
    assert capsys.readouterr().out == "stops  session: $2.00 of $1.00\n"
    assert run(["guard"]) == 0
    assert "of session s1-and-more, by session" in capsys.readouterr().out
    assert run(["guard", "allow", "sess", "--amount", "5"]) == 0
    assert "session: $5.00 more for session s1-and-more" in capsys.readouterr().out
    assert run(["guard", "check", "--session", "s1", "--json"]) == 0
    (found, _) = json.loads(capsys.readouterr().out)["rules"]
    assert (found["limit"], found["left"], found["stopped"][0]["exchange_id"]) == (6.0, 4.0, "e2")
    assert run(["guard", "allow", "x/day"]) == 0
    assert run(["guard", "allow", "x/day", "--session", "s"]) == 2
    assert run(["guard", "allow", "x/day", "--amount", "much"]) == 2
    assert run(["guard", "check", "--agent", "nobody"]) == 0


def test_rules_of_the_configuration_stay_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = home / "litellm_config.yaml"
    config.write_text("model_list: []\nclaude_lens: {guard: {rules: [{depth: 3}]}}\n")
    monkeypatch.setenv("CLAUDE_LENS_CONFIG", str(config))
    assert run(["guard", "rm", "depth"]) == 2
    assert "litellm_config.yaml:2" in capsys.readouterr().err
