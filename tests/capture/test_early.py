"""The proxy while LiteLLM is still being loaded: a real process whose import of LiteLLM is held."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness import Proxy
from tests.harness.gate import Gate
from tests.harness.processes import ROOT
from tests.harness.proxy import until
from tests.upstream import Answer, Provider, always, raw, say, slow, text

HELLO: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
}
STREAM = {**HELLO, "stream": True}
EVENTS = (("content-type", "text/event-stream"),)
OPENAI = """\
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: sk-other
      api_base: {url}/v1

litellm_settings:
"""


class Loading(Proxy):
    """A proxy whose LiteLLM waits for ``gate``."""

    def __init__(self, folder: Path, upstream: str, config: Path | None = None, **settings: str) -> None:
        self.gate = Gate(folder / "gate")
        super().__init__(folder / "lens home", upstream, config, **self.gate.settings, **settings)

    def start(self, early: bool = True) -> None:
        """Start and wait until healthy, LiteLLM or not."""
        super().start(early)

    def opened(self) -> None:
        """Let LiteLLM be loaded, and wait for it."""
        self.gate.open()
        until(self.ready, 60, lambda: self.log.read_text()[-4000:])


def configuration(folder: Path, edit: Callable[[str], str]) -> Path:
    """The shipped configuration, edited."""
    shipped = (ROOT / "litellm_config.yaml").read_text()
    edited = edit(shipped)
    assert edited != shipped
    file = folder / "litellm_config.yaml"
    file.write_text(edited)
    return file


@pytest.fixture
def loading(tmp_path: Path, upstream: Provider) -> Iterator[Loading]:
    """A proxy that serves while LiteLLM is not there, and knows a model of another provider."""
    config = configuration(
        tmp_path, lambda shipped: shipped.replace("litellm_settings:\n", OPENAI.format(url=upstream.url))
    )
    with Loading(tmp_path, upstream.url, config) as proxy:
        yield proxy


def wire(proxy: Proxy, url: str) -> bytes:
    """The body of a streamed answer, as it came over the wire."""
    headers = {"x-api-key": proxy.key, "anthropic-version": "2023-06-01", "accept-encoding": "identity"}
    return httpx.post(url + "/v1/messages", json=STREAM, headers=headers, timeout=60).content


def test_transparent_requests_are_answered_recorded_and_priced(loading: Loading, upstream: Provider) -> None:
    body = wire(loading, upstream.url)
    upstream.play(always(raw(body[:50], body[50:], headers=EVENTS)))
    assert wire(loading, loading.url) == body
    counted = loading.post(HELLO, "/v1/messages/count_tokens")
    assert counted.json()["input_tokens"] > 0
    assert loading.health()["litellm"] == "loading"
    loading.settled()
    shown = loading.lensctl("status").stdout
    assert "being loaded" in shown
    assert "transparent 2" in shown
    early = loading.show()["exchanges"][0]
    assert (early["status"], early["lane"]) == ("ok", "transparent")
    loading.opened()
    assert wire(loading, loading.url) == body
    loading.settled()
    late = loading.show()["exchanges"][-1]
    assert late["id"] != early["id"]
    assert early["cost_usd"] == late["cost_usd"] > 0
    assert loading.status()["lanes"] == {"transparent": 3}
    loading.assert_sound()


def test_the_models_are_listed_as_they_are_later(loading: Loading) -> None:
    def listed(query: str, headers: dict[str, str]) -> dict[str, Any]:
        answer = httpx.get(loading.url + "/v1/models" + query, headers=headers, timeout=60)
        found: dict[str, Any] = answer.json()
        return found

    key, bearer = {"x-api-key": loading.key}, {"authorization": f"Bearer {loading.key}"}
    asked = (("?limit=1000", key), ("?limit=1000", bearer), ("?limit=2", bearer), ("", key))
    early = [listed(*one) for one in asked]
    assert loading.health()["litellm"] == "loading"
    loading.opened()
    assert [listed(*one) for one in asked] == early
    assert {"claude-opus-5-5", "sonnet", "gpt-4o"} <= {model["id"] for model in early[0]["data"]}


def test_all_else_waits_for_litellm(loading: Loading, upstream: Provider) -> None:
    key = {"x-api-key": loading.key}
    bearer = {"authorization": f"Bearer {loading.key}"}
    held: list[Callable[[], httpx.Response]] = [
        lambda: loading.post({**HELLO, "model": "gpt-4o"}),
        lambda: loading.post(HELLO, "/v1/chat/completions"),
        lambda: httpx.get(loading.url + "/v1/models", headers=bearer, timeout=60),
        lambda: httpx.get(loading.url + "/v1/model/info", headers=key, timeout=60),
    ]
    with ThreadPoolExecutor(len(held)) as clients:
        answers = [clients.submit(one) for one in held]
        # What is answered at once, sent after them, shows that they wait.
        assert loading.post(HELLO).status_code == 200
        assert httpx.get(loading.url + "/health/liveliness").json() == "I'm alive!"
        assert not any(answer.done() for answer in answers)
        assert loading.health()["litellm"] == "loading"
        loading.opened()
        found = [answer.result(60) for answer in answers]
    assert [answer.status_code for answer in found] == [200] * len(held)
    assert found[0].json()["content"][0]["text"] == "hello"
    assert found[1].json()["choices"][0]["message"]["content"] == "hello"
    assert {"claude-opus-5-5", "gpt-4o"} <= {model["id"] for model in found[2].json()["data"]}
    loading.settled()
    other = next(one for one in loading.show()["exchanges"] if one["model"]["provider"] == "openai")
    assert other["status"] == "ok"
    loading.assert_sound()


def test_the_door_is_guarded(loading: Loading, upstream: Provider) -> None:
    for method, path in (
        ("POST", "/v1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/models"),
        ("GET", "/claude-lens/status"),
        ("GET", "/models"),
        ("GET", "/ui/"),
        ("POST", "/v1/embeddings"),
    ):
        for headers in ({}, {"x-api-key": "sk-wrong"}):
            answer = httpx.request(method, loading.url + path, json=HELLO, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["type"] == "authentication_error"
    page = httpx.get(loading.url + "/ui/", headers={"x-api-key": loading.key})
    assert (page.status_code, "CLAUDE_LENS_HOST_PAGES" in page.text) == (403, True)
    foreign = httpx.get(loading.url + "/health", headers={"host": "rebound.example"})
    assert (foreign.status_code, foreign.json()["error"]["type"]) == (403, "permission_error")
    assert httpx.head(loading.url + "/api/hello").status_code == 200
    assert loading.health()["credential"] == "proxy"
    assert upstream.requests == []


def test_a_client_that_leaves_is_let_go(loading: Loading, upstream: Provider) -> None:
    with socket.create_connection(("127.0.0.1", loading.port)) as client:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-api-key: {loading.key}\r\n"
        client.sendall(head.encode() + b"Content-Length: 24\r\n\r\n" + b'{"model":"claude-haiku"}')
        assert loading.post(HELLO).status_code == 200
    loading.opened()
    assert loading.post(HELLO).status_code == 200
    loading.settled()
    assert loading.status()["lanes"] == {"transparent": 2}


class Paused(tuple[bytes, ...]):
    """Chunks of which the last is sent only after ``go``."""

    go: threading.Event

    def __iter__(self) -> Iterator[bytes]:
        yield from self[:-1]
        assert self.go.wait(60)
        yield self[-1]


def test_a_stream_goes_on_while_litellm_comes(loading: Loading, upstream: Provider) -> None:
    body = wire(loading, upstream.url)
    chunks = Paused((body[:200], body[200:]))
    chunks.go = threading.Event()
    upstream.play(always(lambda _: Answer(200, EVENTS, chunks)))
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(wire, loading, loading.url)
        until(lambda: bool(upstream.requests), 20, lambda: "no request came")
        loading.opened()
        assert not answer.done()
        chunks.go.set()
        assert answer.result(60) == body
    loading.settled()
    [exchange] = loading.show()["exchanges"]
    assert exchange["status"] == "ok"
    assert exchange["cost_usd"] > 0
    loading.assert_sound()


def test_told_to_stop_meanwhile(loading: Loading, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("late but whole")), first=1.0)))
    answers: list[httpx.Response] = []
    client = threading.Thread(target=lambda: answers.append(loading.post(HELLO)))
    client.start()
    until(lambda: bool(upstream.requests), 20, lambda: "no request came")
    os.kill(loading.child.popen.pid, signal.SIGTERM)
    assert loading.child.popen.wait(30) == 0
    client.join()
    assert answers[0].json()["content"][0]["text"] == "late but whole"
    assert [exchange["status"] for exchange in loading.show()["exchanges"]] == ["ok"]


def test_killed_meanwhile(loading: Loading, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("cut")), between=5.0)))
    with httpx.stream(
        "POST", loading.url + "/v1/messages", json=STREAM, headers={"x-api-key": loading.key}, timeout=60
    ) as answer:
        next(answer.iter_raw())
        loading.kill()
    assert [exchange["status"] for exchange in loading.show()["exchanges"]] == ["interrupted"]


def test_litellm_does_not_load(loading: Loading) -> None:
    with ThreadPoolExecutor(1) as client:
        held = client.submit(loading.post, HELLO, "/v1/chat/completions")
        assert loading.post(HELLO).status_code == 200
        loading.gate.open("broken on purpose")
        answer = held.result(60)
    assert answer.status_code == 503
    assert answer.json()["error"]["type"] == "api_error"
    assert str(loading.log) in answer.json()["error"]["message"]
    log = loading.log.read_text()
    assert "Traceback" in log
    assert "ImportError: broken on purpose" in log
    assert "it is tried again in 30 s" in log
    # The transparent lane goes on meanwhile.
    assert loading.post(HELLO).status_code == 200
    assert loading.health()["status"] == "healthy"
    loading.settled()
    assert [exchange["status"] for exchange in loading.show()["exchanges"]] == ["ok"] * 2
    assert loading.child.popen.poll() is None


@pytest.mark.parametrize("setting", ["transparent", "fallbacks"])
def test_where_litellm_has_a_say_nothing_is_served_before(
    tmp_path: Path, upstream: Provider, setting: str
) -> None:
    fallbacks = "router_settings:\n  fallbacks: [{claude-x: [opus]}]\n"
    config = configuration(tmp_path, lambda shipped: shipped.replace("router_settings:\n", fallbacks))
    more = {"CLAUDE_LENS_TRANSPARENT": "off"} if setting == "transparent" else {}
    proxy = Loading(tmp_path, upstream.url, config if setting == "fallbacks" else None, **more)
    seen: list[dict[str, Any]] = []

    def look() -> None:
        proxy.gate.reached()
        seen.append(proxy.health())
        proxy.gate.open()

    looking = threading.Thread(target=look)
    looking.start()
    with proxy:
        looking.join()
        assert seen == [{}]
        assert proxy.health()["litellm"] == "ready"
        assert proxy.post(HELLO).status_code == 200


@pytest.fixture
def lean(tmp_path: Path, upstream: Provider) -> Iterator[Loading]:
    """A proxy with the shipped configuration, whose LiteLLM would be held if anything had it loaded."""
    with Loading(tmp_path, upstream.url) as proxy:
        yield proxy


def test_litellm_is_not_loaded_before_it_is_needed(lean: Loading, upstream: Provider) -> None:
    key, bearer = {"x-api-key": lean.key}, {"authorization": f"Bearer {lean.key}"}
    body = wire(lean, upstream.url)
    assert wire(lean, lean.url).endswith(body[-100:])
    assert lean.post(HELLO, "/v1/messages/count_tokens").status_code == 200
    models = httpx.get(lean.url + "/v1/models?limit=1000", headers=bearer).json()["data"]
    assert "claude-opus-5-5" in {model["id"] for model in models}
    for path in ("/health", "/health/liveliness", "/health/readiness", "/api/hello"):
        assert httpx.get(lean.url + path).status_code == 200
    # Neither has who may not pass.
    for path in ("/v1/models", "/v1/chat/completions", "/v1/model/info", "/ui/", "/nothing"):
        assert httpx.get(lean.url + path, headers={"x-api-key": "sk-wrong"}).status_code == 401
    assert httpx.get(lean.url + "/ui/", headers=key).status_code == 403
    lean.settled()
    assert lean.health()["litellm"] == "on_demand"
    assert "loaded when needed" in lean.lensctl("status").stdout
    assert json.loads(lean.lensctl("status", "--json").stdout)["litellm"] == "on_demand"
    first = lean.show()["exchanges"]
    lean.gate.open()
    chat = lean.post(HELLO, "/v1/chat/completions")
    assert chat.json()["choices"][0]["message"]["content"] == "hello"
    assert lean.ready()
    assert "POST /v1/chat/completions needs it" in lean.log.read_text()
    assert wire(lean, lean.url).endswith(body[-100:])
    lean.settled()
    [late] = [one for one in lean.show()["exchanges"] if one["lane"] == "transparent" and one not in first]
    assert late["cost_usd"] > 0
    lean.assert_sound()


def test_litellm_that_is_needed_and_does_not_load(lean: Loading) -> None:
    lean.gate.open("broken on purpose")
    assert lean.post(HELLO).status_code == 200
    assert lean.post(HELLO, "/v1/chat/completions").status_code == 503
    assert lean.health()["litellm"] == "failed"
    assert lean.post(HELLO).status_code == 200
    assert "could not be loaded" in lean.lensctl("status").stdout
    findings = json.loads(lean.lensctl("doctor", "--json", check=False).stdout)
    assert [one["ok"] for one in findings if "LiteLLM cannot be loaded" in one["detail"]] == [False]


def test_loaded_at_once_where_that_is_wanted(tmp_path: Path, upstream: Provider) -> None:
    with Loading(tmp_path, upstream.url, CLAUDE_LENS_LITELLM="start") as proxy:
        assert proxy.post(HELLO).status_code == 200
        proxy.gate.reached()
        assert proxy.health()["litellm"] == "loading"
        proxy.opened()
