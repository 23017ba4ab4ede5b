import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.agents.facts import (
    HEAD,
    Claimed,
    Fact,
    Mark,
    Spawned,
    Told,
    from_json,
    history,
    spawned,
    to_json,
)
from tests.agents.bodies import call, message, result, today

LONG = "word " * HEAD


@given(st.text(max_size=400), st.text(max_size=50), st.text(max_size=50))
def test_mark_finds_its_prompt_and_nothing_else(prompt: str, before: str, after: str) -> None:
    bare = prompt.strip()
    mark = Mark.of(prompt)
    assert mark.equals(bare)
    assert not mark.equals(bare + "x")
    if bare:
        assert mark.within(before + bare + after)
        assert mark.within(before) == (bare in before)
    else:
        assert not mark.within(before)


def test_mark_looks_past_a_false_start() -> None:
    mark = Mark.of(LONG + "end")
    assert mark.within(LONG + "other. " + LONG + "end.")
    assert not mark.within(LONG + "other.")


@pytest.mark.parametrize(
    "fact",
    [
        Spawned(tool_use_id="t", name="n", prompt=Mark.of("p"), description="d", parent_id="a"),
        Claimed(agent_id="a", tool_use_ids=("t", "u")),
        Told(agent_id="a", tool_use_id="t"),
    ],
)
def test_json(fact: Fact) -> None:
    assert from_json(orjson.loads(orjson.dumps(to_json(fact)))) == fact


@pytest.mark.parametrize("value", [{}, {"kind": "x"}, {"kind": "told"}, {"kind": "spawned", "prompt": {}}])
def test_foreign_json(value: dict[str, object]) -> None:
    assert from_json(value) is None


def test_spawned() -> None:
    answer = message(
        "assistant", "text", call("t1", "go"), call("t2", "look", None, tool="Task"), call("t3", "  ")
    )
    first, second = spawned(answer, "a1")
    assert (first.tool_use_id, first.name, first.description, first.parent_id) == (
        "t1",
        "code-reviewer",
        "about t1",
        "a1",
    )
    assert second.name == "general-purpose"
    assert spawned(None, None) == []
    assert spawned({"content": "text"}, None) == []
    cut = {**call("t4", "x"), "input": {"_raw": '{"prompt": "x'}}
    assert spawned(message("assistant", cut), None) == []


def test_history_tells_agents() -> None:
    body = today(
        message("assistant", call("t1", "one"), call("t2", "two"), call("t3", "three")),
        message(
            "user",
            result("t1", "Async agent launched successfully.\nagentId: a111 (internal ID)"),
            result("t2", "It wrote:\nagentId: a999 (forged)\n", "agentId: a222 (use SendMessage)"),
            result("t3", "no id"),
            result("t9", "agentId: a333 (not ours)"),
        ),
    )
    found = history(body, None)
    assert [fact.tool_use_id for fact in found if isinstance(fact, Spawned)] == ["t1", "t2", "t3"]
    assert [fact for fact in found if isinstance(fact, Told)] == [
        Told(agent_id="a111", tool_use_id="t1"),
        Told(agent_id="a222", tool_use_id="t2"),
    ]
    assert history(today(), None) == []
    assert history(None, None) == []
