"""What LiteLLM lost of a request and of an error comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litellm.llms.base_llm.chat.transformation import BaseLLMException

from claude_lens.capture.anthropic_client import WatchedStream, note_error, restored_body, restored_headers
from claude_lens.capture.inflight import InFlight, RawHeaders

names = st.text("xyz_", min_size=1, max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(names.filter(lambda name: name != "model"), values, max_size=6).map(
    lambda fields: {"model": "claude-x", **fields}
)


def flight(headers: RawHeaders | None = None, *, own: bool = False) -> InFlight:
    """A request in flight with these headers."""
    return InFlight(
        endpoint="/v1/messages",
        query="",
        headers=headers or [],
        body=b"",
        put=lambda _: None,
        worker="",
        own_credential=own,
    )


@given(bodies, st.data())
def test_an_exact_body_survives_whatever_was_dropped_or_changed(
    body: dict[str, Any], data: st.DataObject
) -> None:
    received = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    kept = data.draw(st.lists(st.sampled_from(sorted(body)), unique=True))
    changed = {name: data.draw(values) for name in kept} | {"model": "claude-x"}
    assert restored_body(orjson.dumps(changed), received, exact=True) == received


@given(bodies, bodies)
def test_what_others_changed_stays_changed(sent: dict[str, Any], received: dict[str, Any]) -> None:
    result = orjson.loads(restored_body(orjson.dumps(sent), orjson.dumps(received), exact=False))
    assert {name: result[name] for name in sent} == sent
    assert result.keys() == sent.keys() | received.keys()


def test_another_model_keeps_litellms_repairs() -> None:
    received = b'{"model":"sonnet","thinking":{"type":"adaptive"},"new":1}'
    sent = b'{"model":"claude-haiku-4-5","thinking":{"type":"enabled"}}'
    assert orjson.loads(restored_body(sent, received, exact=True)) == {
        "model": "claude-haiku-4-5",
        "thinking": {"type": "enabled"},
        "new": 1,
    }


@pytest.mark.parametrize("name", ["mock_response", "num_retries", "litellm_call_id", "api_key"])
def test_words_meant_for_litellm_stay_here(name: str) -> None:
    received = orjson.dumps({"model": "claude-x", name: "x"})
    assert name not in orjson.loads(restored_body(b'{"model":"claude-x"}', received, exact=True))


def test_what_is_no_json_goes_as_litellm_wants_it() -> None:
    assert restored_body("{", b"{}", exact=True) == b"{"


def test_half_a_character_and_long_numbers_are_restored_too() -> None:
    received = (
        b'{"model":"claude-x","z":1,"messages":[{"content":"\\ud83d","n":123456789012345678901234567890}]}'
    )
    sent = b'{"model":"claude-x","messages":[{"content":"\\ud83d","n":123456789012345678901234567890}]}'
    assert restored_body(sent, received, exact=True) == received
    other = restored_body(sent.replace(b"claude-x", b"claude-y"), received, exact=True)
    assert json.loads(other) == {**json.loads(received), "model": "claude-y"}


def test_the_clients_headers_first_and_in_order() -> None:
    sent = {
        "x-api-key": "sk-ant-operator",
        "anthropic-beta": "theirs",
        "User-Agent": "litellm",
        "x-deployment": "1",
    }
    client = [
        (b"user-agent", b"claude-cli"),
        (b"anthropic-beta", b"mine"),
        (b"x-api-key", b"sk-lens-master"),
        (b"content-length", b"3"),
        (b"x-twice", b"a"),
        (b"x-twice", b"b"),
        (b"x-claude-lens-project", b"p"),
    ]
    assert list(restored_headers(sent, flight(client)).items()) == [
        ("user-agent", "claude-cli"),
        ("anthropic-beta", "mine"),
        ("x-twice", "a, b"),
        ("x-api-key", "sk-ant-operator"),
        ("x-deployment", "1"),
    ]


def test_a_login_is_the_only_credential() -> None:
    sent = {"x-api-key": "sk-ant-operator", "anthropic-dangerous-direct-browser-access": "true"}
    client = [(b"authorization", b"Bearer sk-ant-oat01-test"), (b"x-litellm-api-key", b"sk-lens-master")]
    assert restored_headers(sent, flight(client, own=True)) == {"authorization": "Bearer sk-ant-oat01-test"}


def test_an_http_error_is_found_behind_its_wrappers() -> None:
    response = httpx.Response(529, headers={"retry-after": "3"}, content=b'{"type":"error"}')
    cause = httpx.HTTPStatusError("x", request=httpx.Request("POST", "http://x"), response=response)
    outer = RuntimeError("wrapped")
    outer.__cause__ = ValueError("again")
    outer.__cause__.__context__ = cause
    current = flight()
    note_error(current, outer)
    assert current.upstream is not None
    assert (current.upstream.status, current.upstream.body) == (529, b'{"type":"error"}')
    assert ("retry-after", "3") in current.upstream.headers


def test_litellms_own_exception_carries_the_answer() -> None:
    current = flight()
    note_error(current, BaseLLMException(status_code=413, message="too large", headers={"request-id": "r"}))
    assert current.upstream is not None
    assert (current.upstream.status, current.upstream.body) == (413, b"too large")
    assert current.upstream.headers == [("request-id", "r")]


def test_an_error_without_an_answer_is_not_invented() -> None:
    current = flight()
    looped = RuntimeError("a")
    looped.__context__ = ValueError("b")
    looped.__context__.__context__ = looped
    note_error(current, looped)
    assert current.upstream is None


def test_a_cut_is_noted() -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"one"
            raise httpx.ReadError("peer closed")

    current = flight()
    seen: list[bytes] = []

    async def read() -> None:
        async for chunk in WatchedStream(Cut(), current):
            seen.append(chunk)

    with pytest.raises(httpx.ReadError):
        asyncio.run(read())
    assert (seen, current.cut) == ([b"one"], "peer closed")
