"""What the proxy answers by itself."""

from __future__ import annotations

import anthropic
import httpx
import openai

import claude_lens
from tests.harness import Proxy
from tests.harness.proxy import until
from tests.upstream import Provider


def test_health_needs_no_key_and_calls_no_provider(proxy: Proxy, upstream: Provider) -> None:
    answer = httpx.get(proxy.url + "/health")
    told = answer.json()
    assert answer.status_code == 200
    assert (told["status"], told["service"]) == ("healthy", "claude-lens")
    assert (told["version"], told["credential"]) == (claude_lens.__version__, "proxy")
    assert isinstance(told["pid"], int)
    assert upstream.requests == []


def test_the_warm_up_is_quiet(proxy: Proxy) -> None:
    assert httpx.head(proxy.url + "/api/hello").status_code == 200
    assert "/api/hello" not in proxy.log.read_text()


def test_status_tells_lanes_and_recording(proxy: Proxy) -> None:
    until(lambda: bool(proxy.status()["recording"]["sinks"]), 20, lambda: "no sink was opened")
    status = proxy.status()
    assert status["recording"]["dropped"] == 0
    assert isinstance(status["lanes"], dict)


def test_models_in_anthropics_form_for_anthropics_client(proxy: Proxy) -> None:
    with anthropic.Anthropic(api_key=proxy.key, base_url=proxy.url) as client:
        found = client.models.list(limit=1000)
    ids = [model.id for model in found.data]
    assert {"claude-opus-5-5", "claude-sonnet-4-5-20250929", "sonnet"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert not found.has_more
    assert found.data[0].display_name


def test_models_with_a_bearer_key_and_a_limit(proxy: Proxy) -> None:
    headers = {"authorization": f"Bearer {proxy.key}", "anthropic-version": "2023-06-01"}
    told = httpx.get(proxy.url + "/v1/models?limit=2", headers=headers).json()
    assert len(told["data"]) == 2
    assert told["has_more"]
    assert told["last_id"] == told["data"][-1]["id"]


def test_models_in_openais_form_for_openais_client(proxy: Proxy) -> None:
    with openai.OpenAI(api_key=proxy.key, base_url=proxy.url + "/v1") as client:
        assert "sonnet" in {model.id for model in client.models.list()}
