"""The LLM span: every attribute is taken out and looked at, and none is left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from claude_lens.exchange import Cost, Identity, Model, Request, Response
from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node
from claude_lens.tracing.llm import llm_span, outcome_of
from tests.tracing.talk import MODEL, REMINDER, START, Talk, failed, result, use

NODE = Node(trace_id=1, span_id=2, parent_id=3, agent="main", graph="main:llm", graph_parent="main")
COMMON: dict[str, Any] = {
    names.SESSION_ID: "11111111-2222-4333-8444-555555555555",
    names.GEN_AI_CONVERSATION: "11111111-2222-4333-8444-555555555555",
    names.USER_ID: "user-1",
    names.AGENT_NAME: "main",
    names.GEN_AI_AGENT_NAME: "main",
    names.NODE_ID: "main:llm",
    names.NODE_PARENT: "main",
    names.TAGS: ("project:shop", "branch:trunk", "agent:main"),
    names.KIND: "LLM",
    names.SYSTEM: "anthropic",
    names.GEN_AI_OPERATION: "chat",
    names.PROVIDER: "anthropic",
    names.GEN_AI_PROVIDER: "anthropic",
    names.MODEL_NAME: MODEL,
    names.GEN_AI_REQUEST_MODEL: MODEL,
    names.GEN_AI_FIRST_CHUNK: 0.25,
    names.INPUT_MIME: "application/json",
    names.TOOLS_OFFERED: ("Agent", "Bash"),
    names.HTTP_STATUS: 200,
}
MESSAGES: dict[str, Any] = {
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "you are a helper",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": "older",
    "llm.input_messages.2.message.role": "user",
    "llm.input_messages.2.message.contents.0.message_content.type": "text",
    "llm.input_messages.2.message.contents.0.message_content.text": REMINDER["text"],
    "llm.input_messages.2.message.contents.1.message_content.type": "text",
    "llm.input_messages.2.message.contents.1.message_content.text": "list the files",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "let me see",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "t1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "Bash",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"command":"ls"}',
}
ABOUT = {
    "request_id": "req_1",
    "prompt_id": "aaaaaaaa-0000-4000-8000-000000000001",
    "request_class": "main",
    "status": "ok",
    "lane": "transparent",
    "requested_model": MODEL,
    "routed_model": MODEL,
    "requested_model_cost_usd": 0.0005,
    "ttfb_ms": 100.0,
    "ttft_ms": 250.0,
    "project": "/home/me/shop",
    "branch": "trunk",
    "client": "claude-cli/2.1.329",
    "agent_evidence": "headers",
}


def test_every_attribute_of_an_answer_with_a_tool_call() -> None:
    talk = Talk().say("older").say(REMINDER, "list the files")
    exchange = talk.ask("let me see", use("Bash", "t1", command="ls"))
    span = llm_span(exchange, NODE, Collector())
    assert (span.trace_id, span.span_id, span.parent_id, span.client) == (1, 2, 3, True)
    assert (span.name, span.outcome, span.message, span.events) == (f"chat {MODEL}", "ok", None, ())
    assert (span.start_ns, span.end_ns) == (int(START) * 10**9, int(START + 1) * 10**9)
    left = dict(span.attributes)
    for name, value in COMMON.items():
        assert left.pop(name) == value, name
    assert left.pop(names.GEN_AI_RESPONSE_MODEL) == MODEL
    assert str(left.pop(names.GEN_AI_RESPONSE_ID)).startswith("msg_")
    assert left.pop(names.FINISH_REASON) == "tool_use"
    assert left.pop(names.GEN_AI_FINISH_REASONS) == ("tool_use",)
    assert left.pop(names.TOKENS_PROMPT) == left.pop(names.GEN_AI_INPUT_TOKENS) == 314
    assert left.pop(names.TOKENS_COMPLETION) == left.pop(names.GEN_AI_OUTPUT_TOKENS) == 20
    assert left.pop(names.TOKENS_TOTAL) == 334
    assert left.pop(names.TOKENS_CACHE_READ) == left.pop(names.GEN_AI_CACHE_READ) == 300
    assert left.pop(names.TOKENS_CACHE_WRITE) == left.pop(names.GEN_AI_CACHE_WRITE) == 4
    assert left.pop(names.COST_TOTAL) == left.pop(names.GEN_AI_COST) == 0.0005
    assert json.loads(str(left.pop(names.LANGFUSE_COST))) == {"total": 0.0005}
    assert json.loads(str(left.pop(names.LANGFUSE_USAGE))) == {
        "input": 10,
        "output": 20,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 4,
        "total": 334,
    }
    assert left.pop(names.COST_COMPLETION) == pytest.approx(20 * 15e-06)
    assert left.pop(names.COST_PROMPT) == pytest.approx(0.0005 - 20 * 15e-06)
    assert json.loads(str(left.pop(names.PARAMETERS))) == {"model": MODEL, "max_tokens": 100, "stream": True}
    assert len(str(left.pop(names.TOOLS_DIGEST))) == 16
    about = json.loads(str(left.pop(names.METADATA)))
    assert about.pop("exchange_id") == exchange.id
    assert about == ABOUT
    asked = [
        {"role": "user", "content": [{"type": "text", "text": words}]}
        for words in ("older", "list the files")
    ]
    assert json.loads(str(left.pop(names.INPUT_VALUE))) == {"messages": asked}
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}
    answered = {"role": "assistant", "content": [{"type": "text", "text": "let me see"}, call]}
    assert json.loads(str(left.pop(names.OUTPUT_VALUE))) == answered
    assert left.pop(names.OUTPUT_MIME) == "application/json"
    for name, value in MESSAGES.items():
        assert left.pop(name) == value, name
    assert left == {}


def test_only_what_is_new_is_sent_and_results_are_messages_of_their_own() -> None:
    talk = Talk().say("list the files")
    talk.ask(use("Bash", "t1", command="ls"))
    talk.say(result("t1", "a.txt"), "go on")
    span = llm_span(talk.ask("there is one"), NODE, Collector())
    left = {name: value for name, value in span.attributes.items() if name.startswith("llm.input_messages.")}
    assert left == {
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "you are a helper",
        "llm.input_messages.1.message.role": "tool",
        "llm.input_messages.1.message.tool_call_id": "t1",
        "llm.input_messages.1.message.content": "a.txt",
        "llm.input_messages.2.message.role": "user",
        "llm.input_messages.2.message.content": "go on",
    }
    assert "list the files" not in str(span.attributes)
    assert (span.attributes[names.OUTPUT_VALUE], span.attributes[names.OUTPUT_MIME]) == (
        "there is one",
        names.TEXT,
    )
    assert "tool" in str(span.attributes[names.INPUT_VALUE])


def test_after_a_compaction_the_whole_conversation_is_new() -> None:
    talk = Talk().say("summary")
    talk.ask("ok")
    exchange = talk.say("go on").ask("yes")
    compacted = replace(exchange, identity=replace(exchange.identity, context_compacted="auto"))
    assert "summary" in str(llm_span(compacted, NODE, Collector()).attributes[names.INPUT_VALUE])


def test_an_error_carries_status_type_and_message() -> None:
    span = llm_span(failed(Talk().say("go").ask("x")), NODE, Collector())
    left = dict(span.attributes)
    assert (span.outcome, span.message) == ("error", "HTTP 529: overloaded_error: Overloaded")
    (event,) = span.events
    assert (event.name, event.at_ns) == ("exception", span.end_ns)
    assert event.attributes == {"exception.type": "overloaded_error", "exception.message": span.message}
    assert left.pop(names.ERROR_TYPE) == "overloaded_error"
    assert left.pop(names.HTTP_STATUS) == 529
    absent = (names.FINISH_REASON, names.TOKENS_TOTAL, names.OUTPUT_VALUE, names.GEN_AI_RESPONSE_ID)
    assert not any(name in left for name in absent)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("cancelled", "cancelled: the client closed the connection"),
        ("interrupted", "interrupted: the proxy stopped before the answer ended"),
    ],
)
def test_other_endings(status: str, message: str) -> None:
    exchange = failed(Talk().say("go").ask("x"), status, None)
    assert outcome_of(exchange) == ("error", message)
    assert llm_span(exchange, NODE, Collector()).attributes[names.ERROR_TYPE] == status


def test_routed_to_another_model_by_a_rule() -> None:
    exchange = replace(
        Talk().say("go").ask("x"),
        model=Model(requested="claude-a", routed="gpt-b", provider="openai", rule="agents[0]"),
        lane="translated",
        lane_reason="rule",
        adapted=("tools.defer_loading",),
        cost=Cost(usd=0.1, requested_usd=0.4),
    )
    left = llm_span(exchange, NODE, Collector()).attributes
    about = json.loads(str(left[names.METADATA]))
    assert {
        key: about[key] for key in ("requested_model", "routed_model", "rule", "lane", "lane_reason")
    } == {
        "requested_model": "claude-a",
        "routed_model": "gpt-b",
        "rule": "agents[0]",
        "lane": "translated",
        "lane_reason": "rule",
    }
    assert (about["adapted"], about["requested_model_cost_usd"]) == (["tools.defer_loading"], 0.4)
    assert left[names.PROVIDER] == "openai"
    assert names.COST_PROMPT not in left


def test_thoughts_images_and_chat_completions() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 1000}}
    talk = Talk().say("look", image)
    thought = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    left = llm_span(talk.ask(thought, "a cat"), NODE, Collector()).attributes
    start = "llm.input_messages.1.message.contents.1.message_content."
    assert left[start + "text"] == "[image image/png, 1000 bytes of base64]"
    assert "A" * 100 not in str({k: v for k, v in left.items() if k != names.INPUT_VALUE})
    assert left["llm.output_messages.0.message.contents.0.message_content.type"] == "reasoning"

    body = {"model": "gpt", "messages": [{"role": "developer", "content": "be brief"}], "temperature": 0}
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}
    chat = replace(
        talk.ask("x"),
        endpoint="/v1/chat/completions",
        identity=Identity(),
        request=Request(json=body),
        response=Response(json=answer),
    )
    left = llm_span(chat, NODE, Collector()).attributes
    assert left[names.SYSTEM] == "openai"
    assert left["llm.input_messages.0.message.role"] == "developer"
    assert left["llm.output_messages.0.message.tool_calls.0.tool_call.function.name"] == "f"
    made = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
    assert json.loads(str(left[names.OUTPUT_VALUE]))["content"] == [made]


def test_responses_are_traced_as_messages() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at":"pond"}'}
    came = {"type": "function_call_output", "call_id": "c1", "output": "feathers"}
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a heron"}]}
    one = replace(
        Talk().say("x").ask("x"),
        endpoint="/v1/responses",
        identity=Identity(),
        request=Request(json={"model": "gpt", "input": [{"role": "user", "content": "bird?"}, call, came]}),
        response=Response(json={"object": "response", "output": [item]}),
    )
    left = llm_span(one, NODE, Collector()).attributes
    assert left[names.SYSTEM] == "openai"
    assert left["llm.input_messages.0.message.role"] == "tool"
    assert left["llm.input_messages.0.message.content"] == "feathers"
    assert left["llm.output_messages.0.message.content"] == "a heron"
    assert left[names.OUTPUT_VALUE] == "a heron"
    asks = replace(one, response=Response(json={"object": "response", "output": [call]}))
    left = llm_span(asks, NODE, Collector()).attributes
    start = "llm.output_messages.0.message.tool_calls.0.tool_call."
    assert left[start + "function.name"] == "look"
    assert json.loads(str(left[start + "function.arguments"])) == {"at": "pond"}


def test_schemas_only_where_asked_for() -> None:
    exchange = Talk().say("go").ask("x")
    assert not any(name.startswith("llm.tools") for name in llm_span(exchange, NODE, Collector()).attributes)
    asked = llm_span(exchange, NODE, Collector(), with_schemas=True).attributes
    assert json.loads(str(asked["llm.tools.0.tool.json_schema"]))["name"] == "Bash"


@pytest.mark.parametrize(
    "answer", [None, {}, {"content": 5}, {"role": "assistant", "content": [3, {"type": 4}]}]
)
def test_odd_answers_still_make_a_span(answer: Any) -> None:
    exchange = replace(Talk().say("go").ask("x"), response=Response(json=answer))
    assert llm_span(exchange, NODE, Collector()).attributes[names.KIND] == "LLM"
