from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.played_again import claude, project, recorded_in
from tests.harness.client import executable
from tests.harness.lens import Lens
from tests.upstream import Call, Provider, Reply, error, say, text, tool_use


def script(call: Call) -> Reply:
    """Two prompts; after the second, what is done depends on the model."""
    model, words = call.body.get("model"), "\n".join(call.prompts)
    if not call.body.get("tools"):
        return say(text('{"title": "A title"}'))
    if "SECOND" not in words:
        if call.turn == 0:
            return say(tool_use("Bash", {"command": "echo first > first.txt", "description": "x"}))
        return say(text("first done"))
    if model == "claude-3-haiku-20240307":
        return error(400, "no such thing")
    if "second" in json.dumps([m for m in call.body["messages"] if m["role"] == "assistant"]):
        return say(text("second done"))
    name = "good" if model == "claude-opus-5-5" else "bad"
    return say(tool_use("Bash", {"command": f"echo second > {name}.txt", "description": "x"}))


@pytest.mark.slow
def test_arms(served: Lens, provider: Provider, tmp_path: Path) -> None:
    folder = project(tmp_path)
    provider.play(script)
    session = claude(served, folder, "MAIN go")["session_id"]
    claude(served, folder, "SECOND go", "--resume", session)
    before = recorded_in(served, session, 4)
    status = subprocess.check_output(["git", "status", "--porcelain"], cwd=folder)
    models = "claude-opus-5-5,claude-haiku-4-5,claude-3-haiku-20240307"
    options = ("--verify", "test -f good.txt && test -f first.txt", "--budget", "5", "--json")
    provider.play(script)
    done = served.lensctl(
        "compare",
        session,
        "--from",
        "3",
        "--models",
        models,
        *options,
        "--claude",
        str(executable()),
        HOME=str(served.folder / "client home"),
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    good, bad, failed = told["arms"]
    assert (told["origin"], told["from"]) == (session, before["exchanges"][2]["id"])
    assert good["verdict"] == {"exit_code": 0, "passed": True}
    assert bad["verdict"] == {"exit_code": 1, "passed": False}
    assert good["files_changed"] == ["first.txt", "good.txt"]
    assert bad["files_changed"] == ["bad.txt", "first.txt"]
    assert (good["error"], bad["error"]) == (None, None)
    assert "no such thing" in failed["error"]
    for arm in (good, bad):
        shown = json.loads(served.lensctl("show", arm["session_id"], "--json").stdout)
        asked = [one for one in provider.requests if one.json and one.json.get("model") == arm["model"]]
        assert arm["turns"] == len(asked) == len(shown["exchanges"]) == 2
        assert arm["cost_usd"] == sum(one["cost_usd"] for one in shown["exchanges"])
        assert arm["usage"]["output_tokens"] == sum(
            one["usage"]["output_tokens"] for one in shown["exchanges"]
        )
        assert f"fork-of:{session}" in shown["session"]["tags"]
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=folder) == status
    assert recorded_in(served, session, 4)["exchanges"] == before["exchanges"], "the origin is as it was"
    assert not (folder / "good.txt").exists()
    assert "session:" not in served.lensctl("guard").stdout, "the limits of the arms are gone"


def test_what_makes_no_sense(served: Lens) -> None:
    assert "names no model" in served.lensctl("compare", "last", "--from", "1", "--models", ",").stderr
