"""The door, as a client finds it: a real proxy, before and behind the key."""

from __future__ import annotations

import httpx
import pytest

from claude_lens.capture.door import Door
from claude_lens.capture.front import Front, FrontRoute
from claude_lens.settings import load
from tests.harness import Proxy
from tests.upstream import Provider

HELLO = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
GUARDED = [
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/claude-lens/status"),
    ("GET", "/no/such/path"),
    ("POST", "/v1/embeddings"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("key", [None, "sk-wrong"])
def test_no_answer_without_the_key(
    proxy: Proxy, upstream: Provider, method: str, path: str, key: str
) -> None:
    headers = {"x-api-key": key} if key else {}
    answer = httpx.request(method, proxy.url + path, json=HELLO, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert upstream.requests == []


@pytest.mark.parametrize("name", ["x-api-key", "x-litellm-api-key", "authorization"])
def test_the_key_in_any_of_its_headers(proxy: Proxy, upstream: Provider, name: str) -> None:
    value = f"Bearer {proxy.key}" if name == "authorization" else proxy.key
    headers = {name: value, "anthropic-version": "2023-06-01"}
    answer = httpx.post(proxy.url + "/v1/messages", json=HELLO, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.json()["content"][0]["text"] == "hello"
    assert proxy.key not in repr(upstream.requests)


def test_both_lanes_count_and_record(proxy: Proxy, lane: str) -> None:
    proxy.settled()
    before = proxy.status()["recording"]["recorded"]
    assert proxy.post(HELLO).status_code == 200
    proxy.settled()
    status = proxy.status()
    assert status["recording"]["recorded"] == before + 1
    assert any(name.startswith("transparent" if lane == "auto" else "translated") for name in status["lanes"])


def test_openai_clients_are_served_and_recorded(proxy: Proxy) -> None:
    proxy.settled()
    before = proxy.status()["recording"]["recorded"]
    answer = proxy.post(HELLO, "/v1/chat/completions")
    assert answer.json()["choices"][0]["message"]["content"] == "hello"
    proxy.settled()
    assert proxy.status()["recording"]["recorded"] == before + 1


def test_what_is_not_ours_is_litellms(proxy: Proxy) -> None:
    assert httpx.get(proxy.url + "/health/liveliness", timeout=60).status_code == 200
    headers = {"authorization": f"Bearer {proxy.key}"}
    assert httpx.get(proxy.url + "/no/such/path", headers=headers, timeout=60).status_code == 404


def test_a_body_that_is_not_json_is_refused_not_dropped(proxy: Proxy) -> None:
    headers = {"x-api-key": proxy.key, "content-type": "application/json"}
    answer = httpx.post(proxy.url + "/v1/messages", content=b"{nonsense", headers=headers, timeout=60)
    assert answer.status_code == 400
    proxy.settled()


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"", b" []", b"{nonsense"])
def test_a_body_that_is_no_object_is_refused_in_the_form_of_the_api(proxy: Proxy, body: bytes) -> None:
    headers = {"x-api-key": proxy.key, "content-type": "application/json"}
    for path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/v1/responses"):
        answer = httpx.post(proxy.url + path, content=body, headers=headers, timeout=60)
        error = {"type": "invalid_request_error", "message": "the body must be a JSON object"}
        openai = {"error": {**error, "param": None, "code": None}}
        told = {"type": "error", "error": error} if "messages" in path else openai
        assert (answer.status_code, answer.json()) == (400, told)


def test_models_and_their_limits(proxy: Proxy) -> None:
    headers = {"x-api-key": proxy.key}
    listed = httpx.get(proxy.url + "/v1/models", headers=headers, timeout=60).json()["data"]
    sonnet = next(one for one in listed if one["id"] == "claude-sonnet-4-5")
    assert (sonnet["max_input_tokens"], sonnet["max_tokens"]) == (200_000, 64_000)
    answer = httpx.get(proxy.url + "/v1/models/claude-sonnet-4-5", headers=headers, timeout=60)
    assert answer.json() == sonnet
    answer = httpx.get(proxy.url + "/v1/models/gpt-of-nobody", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_a_request_passes_our_route_only_once() -> None:
    async def nothing(*_: object) -> None:
        raise AssertionError

    door = Door(load({}))
    front = Front(decider=None, lane=None, feed=lambda: None, door=door, guard=None)  # type: ignore[arg-type]
    route = FrontRoute(front, nothing)
    for kind, path in (("http", "/v1/messages"), ("http", "/ui/"), ("websocket", "/v1/realtime")):
        scope = {"type": kind, "method": "POST", "path": path}
        assert route.matches(scope)[0].name == "FULL"
        assert route.matches({**scope, "claude_lens.seen": True})[0].name == "NONE"
    assert route.matches({"type": "lifespan"})[0].name == "NONE"


@pytest.mark.parametrize("key", [None, "sk-wrong"])
def test_a_web_socket_without_the_key_is_not_opened(proxy: Proxy, key: str | None) -> None:
    headers = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    headers |= {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="} | ({"api-key": key} if key else {})
    answer = httpx.get(proxy.url + "/v1/realtime?model=gpt-realtime", headers=headers)
    assert answer.status_code == 401
    assert "key" in answer.json()["error"]["message"]
