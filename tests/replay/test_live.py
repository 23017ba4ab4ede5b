from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claude_lens.errors import ProxyError
from claude_lens.replay import live
from claude_lens.replay.live import changing
from tests.harness.processes import free_port


def body(**more: Any) -> dict[str, Any]:
    tools = [{"name": "Bash"}, {"name": "Edit"}]
    system = [{"type": "text", "text": "billing"}, {"type": "text", "text": "long", "cache_control": {}}]
    return {"model": "old", "tools": tools, "system": system, "messages": [], **more}


def test_only_what_was_asked_for_changes() -> None:
    asked = body()
    assert changing("old", None)(asked) is asked
    assert changing("old", "new")(body(model="haiku")) == body(model="haiku"), "another agent's own model"
    assert changing("old", "new")(asked) == body(model="new")
    found = changing("old", None, system="mine", without=frozenset({"Edit"}))(asked)
    assert found["tools"] == [{"name": "Bash"}]
    assert found["system"][0] == asked["system"][0]
    assert found["system"][1] == {"type": "text", "text": "mine", "cache_control": {}}
    title = body(tools=[])
    assert changing("old", None, system="mine")(title) is title


def test_no_proxy(tmp_path: Path) -> None:
    environ = {
        "CLAUDE_LENS_HOME": str(tmp_path),
        "CLAUDE_LENS_URL": f"http://127.0.0.1:{free_port()}",
        "CLAUDE_LENS_AUTOSTART": "0",
    }
    with pytest.raises(ProxyError, match="there is no proxy to go on with"):
        live.way(environ, "/p", "main")
