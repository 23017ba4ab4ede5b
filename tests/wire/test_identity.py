"""Identity of requests as current and older clients send them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.exchange import Agent, Headers
from claude_lens.wire.identity import identify, tool_durations

SESSION = "0f3c9a52-7d0e-4a1b-9c43-1a2b3c4d5e6f"
BILLING = "x-anthropic-billing-header: cc_version=2.1.329.abc; cc_entrypoint=sdk-cli;"
AGENT: Headers = (
    ("User-Agent", "claude-cli/2.1.329 (external, sdk-cli)"),
    ("X-Claude-Code-Session-Id", SESSION),
    ("x-claude-code-agent-id", "a11a9f931b56b06d2"),
    ("x-claude-code-parent-agent-id", "b22"),
    ("x-claude-code-prompt-id", "p-1"),
    ("x-claude-code-request-class", "subagent"),
    ("x-claude-code-agent-type", "Explore"),
    ("x-claude-code-prev-tool-durations", "Bash=742;Read=9"),
    ("x-claude-lens-project", "/home/me/my%20work/gr%C3%BCn"),
    ("x-claude-lens-branch", "feature/x"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
)


def body(*, user_id: object = None, system: object = None) -> dict[str, Any]:
    return {"metadata": {"user_id": user_id}, "system": system}


def blocks(first: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": first}, {"type": "text", "text": "You are Claude Code."}]


def test_everything_in_headers() -> None:
    who = identify(AGENT, None)
    assert who.session_id == SESSION
    assert who.prompt_id == "p-1"
    assert who.request_class == "subagent"
    assert who.tool_durations_ms == (("Bash", 742), ("Read", 9))
    assert who.client == "claude-cli/2.1.329 (external, sdk-cli)"
    assert who.project == "/home/me/my work/grün"
    assert who.branch == "feature/x"
    assert who.traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert who.agent == Agent(id="a11a9f931b56b06d2", parent_id="b22", type="Explore", evidence="headers")


def test_compaction_words() -> None:
    who = identify(
        (("x-claude-code-compaction", "auto"), ("x-claude-code-request-class", "compaction")), None
    )
    assert (who.compaction, who.request_class, who.context_compacted) == ("auto", "compaction", None)
    assert identify((("x-claude-code-context-compacted", "manual"),), None).context_compacted == "manual"


def test_main_by_absence_is_a_default_and_with_a_class_it_is_told() -> None:
    session = (("x-claude-code-session-id", SESSION),)
    assert identify(session, None).agent == Agent(evidence="default")
    told = (*session, ("x-claude-code-request-class", "main"))
    assert identify(told, None).agent == Agent(evidence="headers")


@pytest.mark.parametrize(
    ("user_id", "user", "session"),
    [
        (json.dumps({"device_id": "d", "account_uuid": "acc", "session_id": SESSION}), "acc", SESSION),
        (json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION}), "d", SESSION),
        (f"user_{'ab' * 32}_account_11-22_session_{SESSION}", "11-22", SESSION),
        (f"user_{'ab' * 32}_account__session_{SESSION}", "ab" * 32, SESSION),
        ("alice@example.com", "alice@example.com", None),
        ("{not json", "{not json", None),
        (json.dumps({"session_id": 5, "device_id": []}), None, None),
        ("", None, None),
        (7, None, None),
        (None, None, None),
    ],
)
def test_user_and_session_from_the_body(user_id: object, user: str | None, session: str | None) -> None:
    who = identify((), body(user_id=user_id))
    assert (who.user_id, who.session_id) == (user, session)
    assert who.agent.evidence == ("default" if session else "unknown")


def test_the_header_wins_over_the_body() -> None:
    who = identify(
        (("x-claude-code-session-id", "newer"),), body(user_id=f"user_a_account_b_session_{SESSION}")
    )
    assert (who.session_id, who.user_id) == ("newer", "b")


@pytest.mark.parametrize(
    ("first", "evidence"),
    [
        (f"{BILLING} cc_is_subagent=true;", "billing"),
        (f"{BILLING} cc_is_subagent=true", "billing"),
        (BILLING, "default"),
        (f"{BILLING} cc_is_subagent=false;", "default"),
        (f"{BILLING} x_cc_is_subagent=true;", "default"),
        ("You are told: x-anthropic-billing-header: a=b; cc_is_subagent=true;", "unknown"),
    ],
)
def test_the_subagent_mark(first: str, evidence: str) -> None:
    assert identify((), body(system=blocks(first))).agent.evidence == evidence
    assert identify((), body(system=first)).agent.evidence == evidence


def test_the_mark_counts_only_in_the_first_block() -> None:
    system = [*blocks("hello"), {"type": "text", "text": f"{BILLING} cc_is_subagent=true;"}]
    assert identify((), body(system=system)).agent.evidence == "unknown"


def test_headers_are_stronger_than_the_mark() -> None:
    who = identify(AGENT, body(system=blocks(f"{BILLING} cc_is_subagent=true;")))
    assert who.agent.evidence == "headers"


def test_other_clients_are_unknown_and_old_ones_known_by_their_name() -> None:
    assert identify((("user-agent", "python-httpx/0.27"),), {"model": "m"}).agent.evidence == "unknown"
    assert identify((("user-agent", "claude-cli/1.0.20"),), {"model": "m"}).agent.evidence == "default"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
def test_a_bad_traceparent_is_absent(value: str) -> None:
    assert identify((("traceparent", value),), None).traceparent is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bash=742;Read=9", (("Bash", 742), ("Read", 9))),
        (" mcp__a__b = 1 ; ;", (("mcp__a__b", 1),)),
        ("a=b=3", (("a=b", 3),)),
        ("Bash=-1;Read=x;=5;Edit;Glob=1.5", ()),
        ("Bash=" + "9" * 5000, ()),
        ("Bash=\u00b2;Read=\u0663", ()),
        ("Bash=1;Bash=2", (("Bash", 1), ("Bash", 2))),
    ],
)
def test_tool_durations(value: str, expected: tuple[tuple[str, int], ...]) -> None:
    assert tool_durations(value) == expected


NAMES = [name for name, _ in AGENT] + ["x-claude-code-compaction"]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from([BILLING, "user_a_account_"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "user_id", "x"]), inner)
    ),
)


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.text())),
    st.none() | st.dictionaries(st.sampled_from(["metadata", "system"]), json_values),
)
def test_never_raises(headers: list[tuple[str, str]], parsed: dict[str, Any] | None) -> None:
    identify(tuple(headers), parsed)
