"""Both wire formats, judged by the providers' own client libraries."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.upstream import (
    Provider,
    Tokens,
    always,
    by_agent,
    error,
    error_after,
    in_order,
    say,
    text,
    thinking,
    tool_use,
    turns,
)

ASK = {"model": "claude-test", "max_tokens": 99, "messages": [{"role": "user", "content": "go"}]}
RICH = say(
    thinking("let me see", "c2ln"),
    text("größer 🙂 than that"),
    tool_use("Bash", {"command": "ls -l", "n": [1, {"ü": None}]}, id="toolu_x"),
    tokens=Tokens(11, 22, 33, 44, 55),
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture
def claude(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="k", max_retries=0) as client:
        yield client


def test_a_stream_and_a_plain_message_are_the_same(provider: Provider, claude: anthropic.Anthropic) -> None:
    provider.play(always(RICH))
    plain = claude.messages.create(**ASK)  # type: ignore[call-overload]
    with claude.messages.stream(**ASK) as stream:  # type: ignore[arg-type]
        streamed = stream.get_final_message()
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in plain.content]
    thought, words, call = plain.content
    assert (thought.thinking, thought.signature) == ("let me see", "c2ln")
    assert words.text == "größer 🙂 than that"
    assert (call.id, call.input) == ("toolu_x", {"command": "ls -l", "n": [1, {"ü": None}]})
    assert streamed.stop_reason == plain.stop_reason == "tool_use"
    for usage in (streamed.usage, plain.usage):
        assert (usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens) == (11, 22, 33)
        assert usage.cache_creation_input_tokens == 99
        assert usage.cache_creation is not None
        assert usage.cache_creation.ephemeral_1h_input_tokens == 55


def test_a_stream_has_pings_comments_and_inputs_in_pieces(provider: Provider) -> None:
    import httpx

    provider.play(always(RICH))
    body = httpx.post(provider.url + "/v1/messages", json={**ASK, "stream": True}).text
    assert "event: ping" in body
    assert "\n: keep-alive\n" in body
    assert body.count("input_json_delta") == 5
    assert body.index("message_start") < body.index("content_block_start") < body.index("message_stop")


def test_errors(provider: Provider, claude: anthropic.Anthropic) -> None:
    provider.play(in_order(error(529, "Overloaded", (("retry-after", "7"),)), error_after(RICH, 4)))
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(**ASK)  # type: ignore[call-overload]
    answer = caught.value.response
    assert (answer.status_code, answer.headers["retry-after"]) == (529, "7")
    assert answer.headers["request-id"] == answer.json()["request_id"]
    assert answer.json()["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    assert answer.headers["anthropic-ratelimit-unified-status"] == "allowed"
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"), claude.messages.stream(**ASK) as stream:  # type: ignore[arg-type]
        stream.get_final_message()


def test_token_counts_models_and_unknown_paths(provider: Provider, claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(model="claude-test", messages=[{"role": "user", "content": "go"}])
    assert counted.input_tokens == 1234
    assert claude.models.list().data[0].id.startswith("claude")
    with pytest.raises(anthropic.NotFoundError):
        claude.get("/v1/other", cast_to=object)
    assert provider.calls == []
    assert len(provider.requests) == 3


def test_chat_completions(provider: Provider) -> None:
    provider.play(always(RICH))
    ask = {"model": "gpt-test", "messages": [{"role": "user", "content": "go"}]}
    with openai.OpenAI(base_url=provider.url + "/v1", api_key="k", max_retries=0) as client:
        plain = client.chat.completions.create(**ask)  # type: ignore[call-overload]
        (call,) = plain.choices[0].message.tool_calls
        assert plain.choices[0].message.content == "größer 🙂 than that"
        assert (call.function.name, plain.choices[0].finish_reason) == ("Bash", "tool_calls")
        assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (143, 22)
        stream = client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})  # type: ignore[call-overload]
        parts = list(stream)
        deltas = [part.choices[0].delta for part in parts if part.choices]
        assert "".join(delta.content or "" for delta in deltas) == "größer 🙂 than that"
        pieces = [piece for delta in deltas for piece in delta.tool_calls or []]
        assert "".join(piece.function.arguments or "" for piece in pieces) == call.function.arguments
        assert len(pieces) > 2
        assert parts[-1].usage.total_tokens == 165
        provider.play(always(error(429, "slow down")))
        with pytest.raises(openai.RateLimitError, match="slow down"):
            client.chat.completions.create(**ask)  # type: ignore[call-overload]


def test_scripts_choose_by_turn_and_agent(provider: Provider, claude: anthropic.Anthropic) -> None:
    sub = turns(say(text("sub 1")), say(text("sub 2")))
    provider.play(by_agent(turns(say(text("main 1")), say(text("main 2"))), {"LOOK": sub}))

    def ask(messages: list[dict[str, str]], agent: str | None = None) -> str:
        headers = {"x-claude-code-agent-id": agent} if agent else {}
        answer = claude.messages.create(**{**ASK, "messages": messages}, extra_headers=headers)  # type: ignore[call-overload]
        return str(answer.content[0].text)

    first = {"role": "user", "content": "please LOOK"}
    later = [first, {"role": "assistant", "content": "x"}, {"role": "user", "content": "on"}]
    assert ask([first]) == "main 1"
    assert ask(later) == "main 2"
    assert ask([first], "a1") == "sub 1"
    assert ask(later, "a1") == "sub 2"
    with pytest.raises(anthropic.BadRequestError, match="no script"):
        ask([{"role": "user", "content": "other"}], "a2")
    assert [call.agent_id for call in provider.calls] == [None, None, "a1", "a1", "a2"]
