"""Other ways to a provider, through a real proxy: answered by LiteLLM, and recorded."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from claude_lens.capture import others
from claude_lens.capture.asgi import Message, Receive, Scope, Send
from claude_lens.capture.translated import IN_FLIGHT
from tests.capture.calling import Calling, call
from tests.harness import Proxy
from tests.upstream import Provider

CHAT = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}
RESPONSES = {"model": "claude-sonnet-4-5", "input": "hi", "max_output_tokens": 9}
TEXT = {"model": "claude-sonnet-4-5", "prompt": "hi", "max_tokens": 9}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
# Path, body, and whether LiteLLM tells the client of tokens (in streams of these forms it tells zeros).
ANSWERED: list[tuple[str, dict[str, Any], bool]] = [
    ("/anthropic/v1/messages", CHAT, True),
    ("/anthropic/v1/messages", {**CHAT, "stream": True}, True),
    ("/v1/responses", RESPONSES, True),
    ("/responses", {**RESPONSES, "stream": True}, True),
    ("/openai/v1/responses", RESPONSES, True),
    ("/v1/completions", TEXT, True),
    ("/completions", {**TEXT, "stream": True}, False),
    ("/engines/claude-sonnet-4-5/chat/completions", CHAT, True),
    ("/openai/deployments/claude-sonnet-4-5/chat/completions", CHAT, True),
    ("/queue/chat/completions", {**CHAT, "priority": 1}, True),
    ("/cursor/chat/completions", RESPONSES, True),
    ("/v1beta/models/claude-sonnet-4-5:generateContent", GEMINI, True),
    ("/v1beta/models/claude-sonnet-4-5:streamGenerateContent", GEMINI, False),
]


def newest(proxy: Proxy, number: int) -> list[dict[str, Any]]:
    """The last exchanges, oldest first."""
    proxy.settled()
    listed = json.loads(proxy.lensctl("exchanges", "--json", "--limit", str(number)).stdout)["exchanges"]
    return list(reversed(listed))


def test_what_spends_the_operators_key_is_recorded(proxy: Proxy, upstream: Provider) -> None:
    for number, (path, body, _) in enumerate(ANSWERED):
        key = ("x-api-key", proxy.key) if number % 2 else ("authorization", f"Bearer {proxy.key}")
        answer = httpx.post(proxy.url + path, json=body, headers=dict([key]), timeout=60)
        assert answer.status_code == 200, (path, answer.text)
        assert "he" in answer.text
    assert len(upstream.calls) == len(ANSWERED)
    assert proxy.key not in repr(upstream.requests)
    for (path, _, told), shown in zip(ANSWERED, newest(proxy, len(ANSWERED)), strict=True):
        assert (shown["endpoint"], shown["status"], shown["http_status"]) == (path, "ok", 200), shown
        assert shown["model"]["requested"] == "claude-sonnet-4-5"
        if told:
            assert (shown["usage"]["input_tokens"], shown["usage"]["output_tokens"]) == (12, 34), shown
            assert shown["cost_usd"] == pytest.approx(12 * 3e-6 + 34 * 15e-6), shown


def test_an_unknown_path_leaves_no_record_and_a_refusal_by_the_provider_does(proxy: Proxy) -> None:
    before = newest(proxy, 1)
    headers = {"authorization": f"Bearer {proxy.key}"}
    assert httpx.get(proxy.url + "/no/such/path", headers=headers, timeout=60).status_code == 404
    assert (
        httpx.request("DELETE", proxy.url + "/v1/embeddings", headers=headers, timeout=60).status_code == 405
    )
    assert httpx.get(proxy.url + "/favicon.ico", headers=headers, timeout=60).status_code == 403
    assert newest(proxy, 1) == before
    answer = httpx.get(proxy.url + "/anthropic/v1/files/some", headers=headers, timeout=60)
    assert answer.status_code == 404
    shown = newest(proxy, 1)[0]
    assert (shown["endpoint"], shown["status"]) == ("/anthropic/v1/files/some", "error")
    assert "no such path" in shown["error"]


def test_what_is_large_is_recorded_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "KEPT", 10)
    calling = upload([b"12345678", b"9abcdef"])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert IN_FLIGHT[calling.flight.id] is calling.flight
        while (await receive()).get("more_body"):
            pass
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"x-litellm-response-cost", b"0.5")]}
        )
        await send({"type": "http.response.body", "body": b"0123456789abc", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    run(calling, app)
    assert calling.body == b"0123456789abc"
    assert calling.arrival.body == b"123456789a"
    assert calling.arrival.lane_reason == f"{others.REASON}: 0 MB of 15 bytes kept"
    assert (calling.ending.status, calling.ending.body, calling.ending.cost_usd) == ("ok", b"0123456789", 0.5)
    assert calling.flight.id not in IN_FLIGHT


def test_a_request_that_takes_its_time_is_shown_when_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "UNSEEN", 0)
    calling = upload([b'{"model":"some",', b'"input":1}'])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.05)
        assert calling.frames == []
        await receive()
        assert calling.arrival.body == b'{"model":"some","input":1}'
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b'{"detail":"Not Found"}'})

    run(calling, app)
    assert (calling.ending.status, calling.ending.routed_model) == ("error", "some")


def test_a_fault_of_the_host_is_the_clients_and_the_records() -> None:
    calling = upload([b"{}"])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken\nin two lines")

    with pytest.raises(ValueError, match="broken"):
        run(calling, app)
    assert (calling.ending.status, calling.ending.error) == ("error", "ValueError: broken")


def test_our_headers_stop_here_and_the_hooks_find_the_exchange() -> None:
    seen: dict[bytes, bytes] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope["headers"])
        await receive()
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b'{"detail":"Not Found"}'})

    headers = [(b"x-claude-lens-project", b"p"), (b"x-litellm-call-id", b"theirs"), (b"accept", b"*/*")]
    calling = upload([b"{}"], headers=headers)
    run(calling, app)
    assert seen == {b"accept": b"*/*", b"x-litellm-call-id": calling.flight.id.encode()}
    assert calling.frames == []


def test_a_web_socket_is_recorded_with_what_both_sides_said() -> None:
    calling = call(body=b"", endpoint="/v1/realtime", query="model=gpt-realtime", requested_model=None)
    told: list[Message] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hi"},
        {"type": "websocket.disconnect"},
    ]

    async def receive() -> Message:
        return told.pop(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.send", "bytes": b"hello"})
        await receive()

    scope = {"type": "websocket", "path": "/v1/realtime", "headers": []}
    asyncio.run(others.watch(calling.flight, app, scope, receive, calling.send))
    assert (calling.ending.status, calling.ending.http_status) == ("ok", 101)
    assert calling.ending.body == b"> hi\n< hello\n"
    assert calling.flight.requested_model == "gpt-realtime"


def upload(parts: list[bytes], **more: Any) -> Calling:
    """A request whose body comes in these pieces."""
    calling = call(body=b"", endpoint="/v1/files", **more)
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts
    ]

    async def receive() -> Message:
        return messages.pop(0)

    calling.receive = receive  # type: ignore[method-assign]
    return calling


def run(calling: Calling, app: Any) -> None:
    """Let ``app`` answer, watched."""
    scope = {"type": "http", "method": "POST", "path": "/v1/files", "headers": calling.flight.headers}
    asyncio.run(others.watch(calling.flight, app, scope, calling.receive, calling.send))
