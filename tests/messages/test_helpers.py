"""Helper requests are known by their bodies, as clients of several years send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_lens.messages import helpers

IDENTITY = {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."}
BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.d55; cc_entrypoint=cli;"}
SDK = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.d55; cc_entrypoint=sdk-cli;"}
LONG = {"type": "text", "text": "\nYou are an interactive agent that helps users. " + "Be good. " * 900}
TITLE = {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}}
TOOLS = [{"name": "Bash"}]
OLD_COMPACT = "Your task is to create a detailed summary of the conversation so far, paying close attention"
COMPACT = f"CRITICAL: Respond with TEXT ONLY.\n\n{OLD_COMPACT}"
TOPIC = "Analyze if this message indicates a new conversation topic. If it does"
PATHS = "Extract any file paths that this command reads or modifies"
OWN = {"type": "text", "text": "My own prompt"}
SUMMARISER = {"type": "text", "text": "You are a helpful AI assistant tasked with summarizing conversations."}


def body(
    *words: str, system: Any = (BILLING, IDENTITY, LONG), tools: Any = TOOLS, **more: Any
) -> dict[str, Any]:
    """A request whose only user message has these texts."""
    content = [{"type": "text", "text": one} for one in words]
    return {
        "messages": [{"role": "user", "content": content}],
        "system": list(system),
        "tools": tools,
        **more,
    }


def system(words: str) -> list[dict[str, str]]:
    """The system prompt of a helper request."""
    return [IDENTITY, {"type": "text", "text": words}]


WHO = {"user_id": "user_1_account_2_session_3"}


@pytest.mark.parametrize(
    ("request_body", "helper"),
    [
        (body("hello"), None),
        (body("hello", tools=[], output_config=TITLE), "auxiliary"),
        (body("<session>\nhello\n</session>\n\nWrite the title", tools=[]), "auxiliary"),
        (body("Please write a 5-10 word title for the following conversation:\nx", tools=[]), "auxiliary"),
        (body("hello", tools=[], system=system(TOPIC)), "auxiliary"),
        (body("Command: ls", tools=[], system=system(PATHS)), "auxiliary"),
        (body("some text", tools=[], system=system("A helper not known yet"), metadata=WHO), "auxiliary"),
        (body("some text", tools=[], system=system("A program that is no Claude Code")), None),
        (body("some text", tools=[], system=[SDK, IDENTITY, OWN]), None),
        (body("hello", tools=[]), None),
        (body("Perform a web search", tools=[{"type": "web_search_20250305"}],
              system=system("You are an assistant for performing a web search tool use")), "auxiliary"),
        (body("Warmup"), "auxiliary"),
        (body("Warmup", "and more"), None),
        (body("quota", max_tokens=1), "auxiliary"),
        (body("[SUGGESTION MODE: Suggest what the user might naturally type next]"), "auxiliary"),
        (body(COMPACT), "compaction"),
        (body(OLD_COMPACT, system=[IDENTITY, SUMMARISER]), "compaction"),
        (body("Create a detailed summary of this file"), None),
        (body("please create a detailed summary of x"), None),
        ({}, None),
        (None, None),
    ],
)  # fmt: skip
def test_what_a_request_is_for(request_body: Any, helper: str | None) -> None:
    assert helpers.helper("/v1/messages", request_body) == helper


def test_a_compaction_may_bring_results() -> None:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}
    last = {"role": "user", "content": [result, {"type": "text", "text": COMPACT}]}
    assert helpers.helper("/v1/messages", {**body("go"), "messages": [last]}) == "compaction"


def test_counts_stand_beside() -> None:
    assert helpers.helper("/v1/messages/count_tokens", body("hello")) == "count"
    assert helpers.is_count("/anthropic/v1/messages/count_tokens")
    assert helpers.is_beside(None, "/v1/messages/count_tokens")
    assert helpers.is_beside("compaction", "/v1/messages")
    assert not helpers.is_beside("subagent", "/v1/messages")
    assert not helpers.is_beside(None, "/v1/messages")


@pytest.mark.parametrize(
    ("words", "begun", "title"),
    [
        ('{"title": "Fix the  button"}', None, "Fix the button"),
        ('"isNewTopic": true, "title": "Greeting"}', "{", "Greeting"),
        ('{"isNewTopic": false, "title": null}', None, None),
        ('{"title": "x", "weight": 1}', None, None),
        ("words", None, None),
        ('["title"]', None, None),
        ('{"title": "' + "x" * 2000 + '"}', None, None),
    ],
)
def test_titles_in_answers(words: str, begun: str | None, title: str | None) -> None:
    request = body("hello")
    if begun:
        request["messages"].append({"role": "assistant", "content": [{"type": "text", "text": begun}]})
    answer = {"role": "assistant", "content": [{"type": "text", "text": words}]}
    assert helpers.title_in(answer, request) == title


TITLE_FORM = {"format": {"type": "json_schema", "schema": {"properties": {"title": {"type": "string"}}}}}
ASK_TITLE = "Please write a 5-10 word title for the following conversation:"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"messages": [{"role": "user", "content": "hi"}], "output_config": TITLE_FORM}, True),
        ({"messages": [], "output_config": TITLE_FORM, "tools": [{"name": "Bash"}]}, False),
        ({"messages": [{"role": "user", "content": ASK_TITLE}]}, True),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "<session>\nhi\n</session>"}]}
                ]
            },
            True,
        ),
        ({"system": [{"type": "text", "text": "Generate a concise, sentence-case title (3-7 words)"}]}, True),
        ({"messages": [{"role": "user", "content": "hi"}], "output_config": "odd", "system": 3}, False),
        ({}, False),
        (None, False),
    ],
)
def test_titles_are_told_from_all_else(body: dict[str, Any] | None, title: bool) -> None:
    assert helpers.is_title(body) == title
    told = json.dumps({"answer": "json_schema", **(body or {})}).encode()
    assert not title or helpers.may_be_title(told)
    assert not helpers.may_be_title(b'{"messages": []}')


def test_who_asks_for_a_title_only() -> None:
    def asked(words: str, **more: object) -> dict[str, object]:
        return {"messages": [{"role": "user", "content": words}], **more}

    assert helpers.asks_for_title(asked("<session> hi </session> Write the title"))
    assert not helpers.asks_for_title(asked("hi"))
    assert not helpers.asks_for_title(asked("<session> hi", tools=[{"name": "Bash"}]))
    assert not helpers.asks_for_title(None)
    assert not helpers.asks_for_title({})
