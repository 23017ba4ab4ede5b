"""Calls and results, whoever carries them out."""

from __future__ import annotations

from typing import Any

from claude_lens.messages import calls

ANSWER: dict[str, Any] = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "looking"},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "abacus"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srv_1",
            "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        },
        {"type": "mcp_tool_use", "id": "mcp_1", "name": "look", "server_name": "here", "input": {}},
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
    ],
}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.py", "is_error": True}


def test_every_call_of_an_answer_is_found_with_who_carries_it_out() -> None:
    assert [(one.name, one.carrier) for one in calls.calls(ANSWER)] == [
        ("web_search", "server"),
        ("look", "mcp"),
        ("Bash", "client"),
    ]
    assert [one.id for one in calls.client_calls(ANSWER)] == ["toolu_1"]
    assert calls.by_id([ANSWER])["mcp_1"].name == "look"


def test_a_call_without_a_name_has_one_all_the_same() -> None:
    found = calls.call({"type": "tool_use", "id": 7, "name": ["x"]})
    assert found is not None
    assert (found.id, found.name) == ("", calls.UNKNOWN)


def test_results_that_a_request_is_the_first_to_bring_are_told_with_their_calls() -> None:
    stray = {"type": "tool_result", "tool_use_id": "toolu_9", "content": [{"type": "text", "text": "x"}]}
    conversation = [ANSWER, {"role": "user", "content": [RESULT, stray]}]
    told = [(made and made.name, one.text, one.is_error) for made, one in calls.brought(conversation)]
    assert told == [("Bash", "a.py", True), (None, "x", False)]
    assert calls.brought(conversation[1:]) == []


def test_the_provider_tells_a_failure_in_the_content() -> None:
    assert [one.is_error for one in calls.results([ANSWER])] == [True]


def test_an_answer_that_asks_the_client_for_nothing_ends_a_turn() -> None:
    searched = {"role": "assistant", "content": ANSWER["content"][:3]}
    assert calls.finished([ANSWER]) == 0
    assert calls.finished([searched, {"role": "user", "content": "on"}, ANSWER]) == 1


def test_a_deferred_tool_is_in_the_context_once_it_was_found_or_called() -> None:
    offered = [{"name": "Read"}, *({"name": n, "defer_loading": True} for n in ("Web", "Cron", "Called"))]
    found = {"type": "tool_result", "content": [{"type": "tool_reference", "tool_name": "Web"}]}
    by_server = {
        "type": "tool_search_tool_result",
        "content": {"tool_references": [{"type": "tool_reference", "tool_name": "Cron"}]},
    }
    called = {"type": "tool_use", "id": "a", "name": "Called", "input": {}}

    def loaded(*content: dict[str, Any]) -> list[str]:
        body = {"tools": offered, "messages": [{"role": "user", "content": list(content)}]}
        return [tool["name"] for tool in calls.loaded_tools(body)]

    assert loaded() == ["Read"]
    assert loaded(found) == ["Read", "Web"]
    assert loaded(by_server, called) == ["Read", "Cron", "Called"]
