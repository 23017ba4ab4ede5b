from __future__ import annotations

import json
from pathlib import Path

from claude_lens.store.transfer.notes import notes
from claude_lens.store.transfer.sidechains import Sidechains
from tests.store.transfer.test_sidechains import told
from tests.store.transfer.test_trees import growing, words


def test_notes_tell_who_started_a_subagent(tmp_path: Path) -> None:
    file = tmp_path / "agent-inner.jsonl"
    assert notes(file) == {}
    meta = {"agentType": "reviewer", "isBuiltIn": False, "toolUseId": "toolu_2", "spawnDepth": 2}
    file.with_suffix(".meta.json").write_text(json.dumps(meta))
    (tmp_path / "agent-other.jsonl").write_text('{"type":"tool_use","id":"toolu_3"}\n')
    (tmp_path / "agent-outer.jsonl").write_text('{}\n{"x":[{"type":"tool_use","id":"toolu_2"}]}\n')
    found = notes(file)
    assert found == {**meta, "parentAgentId": "outer"}
    tree, add = growing()
    add("s1", None, "user", "count", isSidechain=True)
    add("b1", "s1", "assistant", words("one"), "msg_1", isSidechain=True)
    agent = Sidechains(tree, told, found).agent(tree.answers["msg_1"], {"agentId": "inner"})
    assert (agent.type, agent.name, agent.parent_id) == ("custom", "reviewer", "outer")
    assert agent.spawn_tool_use_id == "toolu_2"
    file.with_suffix(".meta.json").write_text("[]")
    assert notes(file) == {}


def test_a_session_tells_of_subagents_without_notes(tmp_path: Path) -> None:
    given = {"prompt": "count", "description": "Count files", "subagent_type": "Explore"}
    call = {"type": "tool_use", "id": "toolu_1", "name": "Task", "input": given}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "three"}
    lines = [
        {"type": "assistant", "message": {"role": "assistant", "content": [call]}},
        {
            "type": "user",
            "message": {"role": "user", "content": [result]},
            "toolUseResult": {"agentId": "a6be74f", "status": "completed"},
        },
    ]
    packed = [json.dumps(line, separators=(",", ":")) for line in lines]
    (tmp_path / "sess-1.jsonl").write_text("\n".join(['{"agentId":', *packed]))
    for name in ("a6be74f", "other"):
        file = tmp_path / f"agent-{name}.jsonl"
        file.write_text(json.dumps({"sessionId": "sess-1", "agentId": name}) + "\n")
    found = notes(tmp_path / "agent-a6be74f.jsonl")
    assert found == {"agentType": "Explore", "description": "Count files", "toolUseId": "toolu_1"}
    assert notes(tmp_path / "agent-other.jsonl") == {}
    (tmp_path / "agent-lost.jsonl").write_text('{"sessionId": "sess-2"}\n')
    assert notes(tmp_path / "agent-lost.jsonl") == notes(tmp_path / "agent-none.jsonl") == {}
