import pytest

from claude_lens.agents.asker import NAMES_AGENTS, Asker, client_version
from claude_lens.exchange import Headers, Identity
from tests.agents.bodies import (
    IDENTITY_LINE,
    OLD_HEADERS,
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
    assert found.prompts[0] == "go"
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
        (headers(session=None), False, False),
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


def by(version: str, session: str | None = "s") -> Headers:
    """Headers of a client of this version that names neither classes nor agents."""
    named = {"user-agent": f"claude-cli/{version} (external, cli)", "x-claude-code-session-id": session}
    return tuple((name, value) for name, value in named.items() if value)


@pytest.mark.parametrize(
    ("version", "subagent"),
    [("2.0.77", None), ("2.1.84", None), ("2.1.112", None), ("2.1.136", None), ("2.1.140", False)],
)
def test_a_session_header_does_not_mean_that_agents_are_named(version: str, subagent: bool | None) -> None:
    assert asking(old(prompt="go"), by(version)).subagent is subagent
    assert asking(old(prompt="go"), by(version, session=None)).subagent is subagent


def test_the_version_stands_in_the_body_too() -> None:
    found = asking(today(prompt="go"), (("x-claude-code-session-id", "s"), ("user-agent", "my-agent/1")))
    assert found.subagent is False
    assert client_version(found.identity, today()) == (2, 1, 329) > NAMES_AGENTS
    assert client_version(found.identity) is None


def test_who_may_start_agents_in_an_older_client_is_the_main_agent() -> None:
    body = {**old(prompt="go"), "tools": [{"name": "Bash"}, {"name": "Task"}]}
    assert asking(body, by("2.0.77")).subagent is False


def test_a_prompt_behind_a_message_of_the_clients() -> None:
    listed = {"role": "user", "content": "<available-deferred-tools>\nWeb\n</available-deferred-tools>"}
    body = old(prompt="go")
    body["messages"].insert(0, listed)
    assert asking(body, by("2.1.84")).prompts == ("go",)
