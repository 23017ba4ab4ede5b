"""What reaches a provider of what Claude Code sends, and what comes back in a search and a count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_lens.wire import sse
from tests.harness import Proxy
from tests.providers.asking import ask, body
from tests.upstream import Provider, say, text, thinking, tool_use

ALSO = frozenset(("reasoning_content", "usage"))
PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
IMAGE = {"type": "image", "source": PNG}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
CLAUDES = {"type": "thinking", "thinking": "Claude's", "signature": "Er" + "a" * 100}


def next_turn(proxy: Proxy, upstream: Provider, model: str, *more: dict[str, Any]) -> str:
    """What the provider is sent in the second turn of a conversation that began with its own thought."""
    upstream.play(lambda _: say(thinking("its own thought"), tool_use("Bash", {"command": "ls"})), also=ALSO)
    first = ask(proxy, body(model))
    message = (first.record.response and first.record.response.json) or {}
    content = [*more, *message["content"]]
    result = {"type": "tool_result", "tool_use_id": message["content"][-1]["id"], "content": "x"}
    turns = [{"role": "assistant", "content": content}, {"role": "user", "content": [result, IMAGE]}]
    upstream.play(lambda _: say(text("done")), also=ALSO)
    asked = ask(proxy, body(model, messages=[*body(model)["messages"], *turns]))
    assert (asked.status, upstream.refused) == (200, [])
    return json.dumps(upstream.calls[-1].body)


@pytest.mark.parametrize("model", ["chat", "vllm", "dashscope", "gemini", "deepseek"])
def test_thinking_goes_back_to_its_maker(model: str, formats: Proxy, upstream: Provider) -> None:
    sent = next_turn(formats, upstream, model, CLAUDES)
    assert "its own thought" in sent
    assert "Claude's" not in sent
    assert "claude-lens:" not in sent
    assert "thinking_blocks" not in sent
    if model in ("chat", "vllm", "dashscope"):
        assert '"reasoning_content": "its own thought"' in sent


def test_and_to_nobody_else(formats: Proxy, upstream: Provider) -> None:
    stamped = {"type": "thinking", "thinking": "of another", "signature": "claude-lens:openai/some-model"}
    for model in ("vllm", "deepseek", "gemini"):
        assert "of another" not in next_turn(formats, upstream, model, stamped)


@pytest.mark.parametrize(
    ("model", "sees"), [("gpt", True), ("chat", True), ("gpt-blind", False), ("deepseek", False)]
)
def test_an_image_goes_to_who_sees(model: str, sees: bool, formats: Proxy, upstream: Provider) -> None:
    sent = next_turn(formats, upstream, model)
    assert ("iVBORw0KGgo=" in sent) is sees
    assert ("cannot see" in sent) is not sees


@pytest.mark.parametrize(
    ("model", "mapped"),
    [("gemini", "googleSearch"), ("gpt", '"web_search"'), ("responses", '"web_search"')],
)
def test_a_search_is_the_providers_own(model: str, mapped: str, formats: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(text("found")), also=ALSO)
    asked = ask(formats, body(model, tools=[SEARCH]))
    assert asked.content == [{"type": "text", "text": "found"}]
    assert mapped in json.dumps(upstream.calls[-1].body)


@pytest.mark.parametrize("model", ["chat", "ollama", "deepseek", "dashscope"])
@pytest.mark.parametrize("stream", [True, False])
def test_or_it_is_unavailable(model: str, stream: bool, formats: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(text("an invention")), also=ALSO)
    query = [{"role": "user", "content": "Perform a web search for the query: red pandas"}]
    asked = ask(formats, body(model, tools=[SEARCH], messages=query, stream=stream))
    assert (asked.status, upstream.calls) == (200, [])
    message = sse.fold(asked.text.encode()).message if stream else json.loads(asked.text)
    assert message is not None
    assert message["content"][1]["content"]["error_code"] == "unavailable"
    assert message["content"][0]["input"] == {"query": "red pandas"}
    assert asked.record.status == "ok"


@pytest.mark.parametrize("model", ["gemini", "llama", "ollama", "responses", "deepseek", "groq-llama"])
def test_tokens_are_counted_for_all(model: str, formats: Proxy, upstream: Provider) -> None:
    asked = {name: value for name, value in body(model).items() if name in ("model", "messages", "tools")}
    answer = formats.post(asked, "/v1/messages/count_tokens")
    assert answer.status_code == 200, answer.text
    assert answer.json()["input_tokens"] > 0
