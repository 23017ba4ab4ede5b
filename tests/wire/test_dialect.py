"""Which API an endpoint speaks, and its streams."""

from __future__ import annotations

import pytest

from claude_lens.wire.dialect import dialect_of, fold, model_in

CHAT = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
TEXT = (
    b'data: {"choices":[{"index":0,"text":"h"}]}\n\n'
    b'data: {"choices":[{"index":0,"text":"i","finish_reason":"stop"}]}\n\n'
)
MESSAGE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"role":"assistant"}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


@pytest.mark.parametrize(
    ("endpoint", "dialect"),
    [
        ("/v1/messages", "messages"),
        ("/anthropic/v1/messages", "messages"),
        ("/v1/messages/count_tokens", "count"),
        ("/v1/messages/batches", "other"),
        ("/v1/chat/completions", "chat"),
        ("/engines/gpt-4o/chat/completions", "chat"),
        ("/v1/completions", "completions"),
        ("/openai/v1/responses", "responses"),
        ("/v1beta/models/gemini-2.5-pro:streamGenerateContent", "gemini"),
        ("/v1/embeddings", "other"),
        ("/v1/threads/some/messages", "other"),
    ],
)
def test_dialects(endpoint: str, dialect: str) -> None:
    assert dialect_of(endpoint) == dialect


def test_streams() -> None:
    message = fold("/anthropic/v1/messages", MESSAGE)
    assert (message.json, message.whole) == ({"role": "assistant", "content": []}, True)
    chat = fold("/v1/chat/completions", CHAT)
    assert chat.json is not None
    assert (chat.json["choices"][0]["message"]["content"], chat.whole) == ("hi", True)
    text = fold("/v1/completions", TEXT)
    assert text.json == {
        "object": "text_completion",
        "choices": [{"index": 0, "finish_reason": "stop", "text": "hi"}],
    }
    assert not fold("/v1/chat/completions", CHAT.replace(b'"stop"', b"null")).whole


@pytest.mark.parametrize(
    "endpoint", ["/v1/messages", "/v1/responses", "/v1/completions", "/x:generateContent"]
)
def test_a_stream_of_nothing_is_not_whole(endpoint: str) -> None:
    assert not fold(endpoint, b"data: {}\n\n").whole
    assert fold("/v1/images/generations", b"data: {}\n\n").whole


@pytest.mark.parametrize(
    ("endpoint", "stream"),
    [
        ("/v1/messages", b'event: error\ndata: {"type":"error","error":{"message":"no"}}\n\n'),
        ("/v1/responses", b'data: {"type":"error","code":"x","message":"no"}\n\n'),
        ("/v1/completions", b'data: {"error":{"message":"no"}}\n\n'),
        ("/x:streamGenerateContent", b'data: {"error":{"message":"no"}}\n\n'),
    ],
)
def test_errors_inside_of_streams(endpoint: str, stream: bytes) -> None:
    folded = fold(endpoint, stream)
    assert folded.error is not None
    assert "no" in repr(folded.error)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/engines/gpt-4o/completions", "gpt-4o"),
        ("/openai/deployments/azure/gpt-4o/chat/completions", "azure/gpt-4o"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent", "gemini-2.5-pro"),
        ("/bedrock/model/anthropic.claude-3%3A0/invoke", "anthropic.claude-3:0"),
        ("/v1/embeddings", None),
    ],
)
def test_models_in_paths(path: str, model: str | None) -> None:
    assert model_in(path) == model
