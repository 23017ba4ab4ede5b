"""Answers of our own, in Anthropic's form, read by Anthropic's own client."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from claude_lens.capture.answers import error_body, error_type, respond, respond_error
from claude_lens.capture.asgi import Message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (418, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_error_types(status: int, kind: str) -> None:
    assert error_type(status) == kind
    assert orjson.loads(error_body(status, "why")) == {
        "type": "error",
        "error": {"type": kind, "message": "why"},
    }


def test_an_error_is_sent_whole_and_returned_for_the_record() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    body = asyncio.run(respond_error(send, 401, "no key"))
    assert sent[0]["status"] == 401
    assert (b"content-type", b"application/json") in sent[0]["headers"]
    assert sent[1]["body"] == body == error_body(401, "no key")


def test_length_is_always_told() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(respond(send, 200, b"", []))
    assert sent[0]["headers"] == [(b"content-length", b"0")]
