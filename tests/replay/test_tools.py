from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claude_lens.messages.calls import Call, Result
from claude_lens.replay.tools import Tools

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def tools(folder: Path, name: str, content: Any, failed: bool = False, **given: Any) -> Tools:
    found = Tools(folder)
    call = Call("toolu_1", name, given, "client", {})
    found.use({"toolu_1": call}, {"toolu_1": Result("toolu_1", failed, content, {})})
    return found


def before(found: Tools, name: str, ident: str = "toolu_1", **given: Any) -> dict[str, Any]:
    event = {"hook_event_name": "PreToolUse", "tool_name": name, "tool_use_id": ident, "tool_input": given}
    told: dict[str, Any] = found.hook(event).get("hookSpecificOutput", {})
    return told


def after(found: Tools, name: str) -> Any:
    event = {"hook_event_name": "PostToolUse", "tool_name": name, "tool_use_id": "toolu_1"}
    return found.hook(event).get("hookSpecificOutput", {}).get("updatedToolOutput")


def test_a_command_is_not_run(tmp_path: Path) -> None:
    found = tools(tmp_path, "Bash", "out\n\n<system-reminder>x</system-reminder>", command="rm -rf /")
    told = before(found, "Bash", command="rm -rf /", description="d")
    assert told["updatedInput"] == {"command": "true", "description": "d", "run_in_background": False}
    assert after(found, "Bash")["stdout"] == "out"
    assert found.told() is None


def test_pictures_come_back(tmp_path: Path) -> None:
    found = tools(tmp_path, "Bash", [{"type": "text", "text": "see"}, PNG])
    assert after(found, "Bash")["structuredContent"][1] == PNG
    found = tools(tmp_path, "Read", [PNG], file_path="/p/a.png")
    assert after(found, "Read")["file"]["base64"] == "AAAA"


def test_a_file_is_read_from_the_record(tmp_path: Path) -> None:
    found = tools(tmp_path, "Read", "     7→one\n     8→\n     9", file_path="/p/a.txt")
    harmless = before(found, "Read", file_path="/p/a.txt", offset=7)["updatedInput"]
    assert list(harmless) == ["file_path"]
    assert Path(harmless["file_path"]).is_relative_to(tmp_path)
    assert after(found, "Read")["file"] == {
        "filePath": "/p/a.txt",
        "content": "one\n\n",
        "numLines": 3,
        "startLine": 7,
        "totalLines": 9,
    }


@pytest.mark.parametrize("name", ["Bash", "Read", "mcp__x__y"])
def test_an_error_is_the_recorded_one(tmp_path: Path, name: str) -> None:
    told = before(tools(tmp_path, name, "Exit code 3\nbad", failed=True), name)
    assert (told["permissionDecision"], told["permissionDecisionReason"]) == ("deny", "Exit code 3\nbad")


@pytest.mark.parametrize("name", ["Edit", "Write", "mcp__x__y", "WebFetch"])
def test_what_cannot_be_given_is_refused_and_named(tmp_path: Path, name: str) -> None:
    found = tools(tmp_path, name, "done")
    assert before(found, name)["permissionDecision"] == "deny"
    assert found.told() == f"results that hooks cannot give as they were are not compared: {name} (1)"


def test_nothing_unknown_is_run(tmp_path: Path) -> None:
    found = tools(tmp_path, "Bash", "x")
    assert before(found, "Bash", ident="toolu_9")["permissionDecision"] == "deny"
    assert found.refused == 1


def test_tools_of_the_client_itself_do_their_work(tmp_path: Path) -> None:
    found = tools(tmp_path, "Agent", "agentId: a1")
    assert before(found, "Agent") == {}
    assert found.told() is None


def test_older_clients_only_refuse(tmp_path: Path) -> None:
    found = Tools(tmp_path, (2, 1, 100))
    call, result = Call("toolu_1", "Bash", {}, "client", {}), Result("toolu_1", False, "x", {})
    assert not found.is_exact(call, result)
