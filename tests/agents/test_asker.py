import pytest

from claude_lens.agents.asker import Asker, spawning_calls, texts
from claude_lens.exchange import Headers, Identity
from tests.agents.bodies import (
    IDENTITY_LINE,
    OLD_HEADERS,
    REMINDER,
    asking,
    call,
    headers,
    message,
    old,
    today,
)


def test_todays_body() -> None:
    found = asking(today(message("assistant", call("t1", "x")), prompt=" go \n"), headers())
    assert found.prompts == ("go",)
    assert found.system[1:] == (IDENTITY_LINE, "A long prompt.")
    assert found.own_calls == {"t1"}


@pytest.mark.parametrize("as_text", [True, False])
def test_old_body(as_text: bool) -> None:
    found = asking(old(prompt="go", as_text=as_text), OLD_HEADERS)
    assert found.prompts == ("go",)
    assert found.system == (IDENTITY_LINE, "A long prompt.")


@pytest.mark.parametrize(
    ("sent", "marked", "subagent"),
    [
        (headers(agent="a1"), False, True),
        (headers(parent="a1"), False, True),
        (headers(kind="custom"), False, True),
        (headers(request_class="subagent"), False, True),
        (headers(request_class="workflow"), False, True),
        (headers(request_class="main"), False, False),
        (headers(request_class="auxiliary"), True, False),
        (headers(), True, True),
        (headers(), False, False),
        (headers(session=None), False, None),
    ],
)
def test_is_subagent(sent: Headers, marked: bool, subagent: bool | None) -> None:
    assert asking(today(subagent=marked), sent).subagent is subagent


def test_foreign_requests_are_no_subagents() -> None:
    assert (
        asking({"messages": [{"role": "user", "content": "hi"}]}, (("user-agent", "curl"),)).subagent is False
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": None, "system": 3},
        {
            "messages": [
                None,
                3,
                {"role": "user"},
                {"role": "assistant", "content": [None, {"type": "tool_use"}]},
            ]
        },
        {"messages": [{"role": "user", "content": [3, {"text": 5}, {}]}], "system": [None, {"text": None}]},
    ],
)
def test_strange_shapes(body: dict[str, object]) -> None:
    found = asking(body, headers(agent="a"))
    assert (found.prompts, found.own_calls) == ((), frozenset())
    assert Asker(identity=Identity()).system == ()


def test_texts() -> None:
    assert texts("a") == ["a"]
    assert texts([{"type": "text", "text": "a"}, {"type": "image"}, "b"]) == ["a"]
    assert texts(None) == []


def test_spawning_calls() -> None:
    other = {**call("t3", "x"), "name": "Bash"}
    nameless = {**call("", "x")}
    asked = message("user", call("t4", "x"))
    made = message("assistant", REMINDER, call("t1", "x"), call("t2", "y", tool="Task"), other, nameless)
    assert [block["id"] for block in spawning_calls([made, asked])] == ["t1", "t2"]
