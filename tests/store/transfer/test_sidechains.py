from __future__ import annotations

from typing import Any

from claude_lens.store.transfer.sidechains import Sidechains
from claude_lens.store.transfer.trees import Tree
from tests.store.transfer.test_trees import Add, growing, words


def told(_: object) -> dict[str, Any]:
    """The first line of each subagent."""
    return {"type": "user", "message": {"content": "count"}}


def before_2_0() -> tuple[Tree, Add]:
    """Two subagents of the same call in the main agent's file, and a third that nobody called."""
    tree, add = growing()
    told = {"prompt": "count", "description": "Count files", "subagent_type": "Explore"}
    calls = [{"type": "tool_use", "id": name, "name": "Task", "input": told} for name in ("t1", "t2")]
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", calls, "msg_1")
    for number in (1, 2):
        add(f"s{number}", None, "user", "count", isSidechain=True)
        add(f"b{number}", f"s{number}", "assistant", words("one"), f"msg_{number}1", isSidechain=True)
    add("s3", None, "user", "Warmup", isSidechain=True)
    add("b3", "s3", "assistant", words("ready"), "msg_31", isSidechain=True)
    add("r1", "b1", "user", words("go on"), isSidechain=True)
    add("b4", "r1", "assistant", words("two"), "msg_12", isSidechain=True)
    return tree, add


def test_subagents_without_a_name_are_agents_of_their_own() -> None:
    tree, _ = before_2_0()
    sides = Sidechains(tree, told, {})
    agents = {key: sides.agent(answer, {}) for key, answer in tree.answers.items()}
    assert (agents["msg_1"].id, agents["msg_1"].evidence) == (None, "default")
    assert agents["msg_11"] == agents["msg_12"]
    assert len({agent.id for agent in agents.values()}) == 4
    assert (agents["msg_11"].type, agents["msg_11"].description) == ("Explore", "Count files")
    assert [agents[key].spawn_tool_use_id for key in ("msg_11", "msg_21", "msg_31")] == ["t1", "t2", None]
    assert [agents[key].evidence for key in ("msg_11", "msg_31")] == ["spawn", "file"]
    again, _ = before_2_0()
    assert Sidechains(again, told, {}).agent(again.answers["msg_21"], {}) == agents["msg_21"]


def test_the_clients_own_name_and_notes_come_first() -> None:
    tree, add = growing()
    add("s1", None, "user", "count", isSidechain=True, agentId="abc")
    add("b1", "s1", "assistant", words("one"), "msg_1", isSidechain=True, agentId="abc")
    sides = Sidechains(tree, told, {"agentType": "Plan", "description": "Think"})
    agent = sides.agent(tree.answers["msg_1"], {"agentId": "abc"})
    assert (agent.id, agent.type, agent.description, agent.evidence) == ("abc", "Plan", "Think", "file")
