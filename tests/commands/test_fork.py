from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.test_compare import script
from tests.e2e.played_again import claude, project, recorded_in
from tests.harness.client import executable
from tests.harness.lens import Lens
from tests.upstream import Call, Provider, Reply, say, text


@pytest.mark.slow
def test_another_prompt_system_and_fewer_tools(served: Lens, provider: Provider, tmp_path: Path) -> None:
    folder = project(tmp_path)
    provider.play(script)
    session = claude(served, folder, "MAIN go")["session_id"]
    recorded_in(served, session, 2)
    system = tmp_path / "a system.md"
    system.write_text("You are a pirate.")
    seen: list[Call] = []

    def other(call: Call) -> Reply:
        seen.append(call)
        return say(text("arr"))

    provider.play(other)
    told = served.lensctl(
        "fork",
        session,
        "--from",
        "1",
        "--model",
        "claude-opus-5-5",
        "--prompt",
        "--be a pirate",
        "--system",
        str(system),
        "--without-tool",
        "Bash",
        "--json",
        "--claude",
        str(executable()),
        HOME=str(served.folder / "client home"),
    )
    assert told.returncode == 0, told.stderr
    (arm,) = json.loads(told.stdout)["arms"]
    assert (arm["model"], arm["turns"], arm["verdict"]) == ("claude-opus-5-5", 1, None)
    (call,) = [one for one in seen if one.body.get("tools")]
    assert call.body["model"] == "claude-opus-5-5"
    assert call.body["system"][-1]["text"] == "You are a pirate."
    assert "Bash" not in {tool["name"] for tool in call.body["tools"]}
    assert call.prompts[-1] == "--be a pirate"


def test_a_system_prompt_that_is_no_text(lens: Lens) -> None:
    file = lens.cwd / "of another time.txt"
    file.write_bytes(b"\xff\xfe")
    done = lens.lensctl("fork", "last", "--from", "1", "--system", str(file))
    assert done.returncode == 2
    assert "is no text in UTF-8" in done.stderr
    assert "Traceback" not in done.stderr
