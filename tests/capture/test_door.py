"""Who gets in: every route of LiteLLM's app, asked without a key, with a wrong one, and with the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from claude_lens.capture.auth import Credential
from claude_lens.capture.door import OTHERS_SHUT, PAGES_SHUT, Door, Refusal, worded
from claude_lens.capture.request import RECORDED
from claude_lens.settings import load
from tests.capture.routes import Route, routes
from tests.harness import Proxy
from tests.harness.processes import ROOT
from tests.upstream import Provider

WRONG = {"authorization": "Bearer sk-wrong"}
# Answered by ourselves, before LiteLLM is asked.
OURS = ("/health", "/v1/models", "/models")
CUSTOM_AUTH = """\
from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth


async def check(request, api_key):
    if api_key != "sk-virtual":
        raise HTTPException(401, "unknown key")
    return UserAPIKeyAuth(api_key=api_key)
"""


@pytest.fixture(scope="module")
def strict(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that forwards nothing but what Claude Code asks for, and chat completions."""
    home = tmp_path_factory.mktemp("strict home")
    with Proxy(home, provider.url, CLAUDE_LENS_OTHER_ENDPOINTS="refuse") as running:
        yield running


def requests(route: Route) -> Iterator[tuple[str, str]]:
    """Method and path of a request to a route, one for each of its methods."""
    for method in route.methods:
        if not route.socket:
            yield method, route.filled


def test_every_route_without_the_key_and_with_it(strict: Proxy, upstream: Provider) -> None:
    """The table: health is free, everything else asks for the key; pages and other endpoints are shut.

    What LiteLLM's administrators may do with the key is asked with GET only.
    """
    wrong: list[str] = []
    asked = 0
    upstream.clear()
    with httpx.Client(base_url=strict.url, timeout=60) as client:
        for route in dict.fromkeys(routes()):
            for method, path in requests(route):
                free = route.kind == "health" and method in ("GET", "HEAD", "OPTIONS")
                for headers in ({}, WRONG):
                    answer = client.request(method, path, headers=headers)
                    asked += 1
                    if (answer.status_code == 401) == free or answer.status_code >= 500:
                        wrong.append(f"{method} {path} {headers}: {answer.status_code}")
                if route.kind == "page" or (route.kind == "provider" and (method, path) not in KNOWN):
                    answer = client.request(method, path, headers={"api-key": strict.key})
                    told = PAGES_SHUT if route.kind == "page" else OTHERS_SHUT.format(path=path)
                    if answer.status_code != 403 or (
                        method != "HEAD" and told not in answer.json()["error"]["message"]
                    ):
                        wrong.append(
                            f"{method} {path} with the key: {answer.status_code} {answer.text[:200]}"
                        )
    assert not wrong, "\n".join(wrong)
    assert asked > 1500
    assert upstream.requests == []


KNOWN = {("POST", path) for path in RECORDED}


def test_the_key_opens_what_is_litellms(strict: Proxy) -> None:
    headers = {"authorization": f"Bearer {strict.key}"}
    for path in ("/model/info", "/routes", "/v1/model/info", "/cursor/models", "/health/readiness/details"):
        assert httpx.get(strict.url + path, headers=headers, timeout=60).status_code == 200, path
    assert httpx.get(strict.url + "/no/such/path", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
def test_models_without_a_key_is_our_refusal(proxy: Proxy, path: str) -> None:
    answer = httpx.get(proxy.url + path, timeout=60)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert "send the proxy's key" in answer.json()["error"]["message"]


def test_pages_open_where_they_are_wanted(
    provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And keys of LiteLLM's own are its business, on other endpoints too, whose answers are recorded."""
    folder = tmp_path_factory.mktemp("open home")
    (folder / "mine.py").write_text(CUSTOM_AUTH)
    config = folder / "litellm_config.yaml"
    shipped = (ROOT / "litellm_config.yaml").read_text()
    config.write_text(
        shipped.replace("general_settings:\n", "general_settings:\n  custom_auth: mine.check\n")
    )
    assert "custom_auth" in config.read_text()
    with Proxy(folder, provider.url, config, CLAUDE_LENS_HOST_PAGES="on") as running:
        assert httpx.get(running.url + "/public/providers", timeout=60).status_code == 200
        assert httpx.get(running.url + "/ui/", timeout=60).status_code < 400
        body = {
            "model": "claude-sonnet-4-5",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "hi"}],
        }
        for path in ("/v1/messages", "/engines/claude-sonnet-4-5/chat/completions"):
            for key, status in (("sk-virtual", 200), ("sk-nobody", 401)):
                headers = {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}
                answer = httpx.post(running.url + path, json=body, headers=headers, timeout=60)
                assert answer.status_code == status, (path, key, answer.text)
        running.settled()
        listed = json.loads(running.lensctl("exchanges", "--json").stdout)["exchanges"]
        assert [one["endpoint"] for one in listed[:1]] == ["/engines/claude-sonnet-4-5/chat/completions"]


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages"])
def test_refusals_in_the_form_of_the_api(path: str) -> None:
    told = json.loads(worded(path, Refusal(401, "no")))
    assert told["error"]["type"] == "authentication_error"
    assert told["error"]["message"] == "no"
    assert ("code" in told["error"]) == (path == "/v1/responses")
    assert (told.get("type") == "error") == (path == "/v1/messages")


def test_a_browsers_preflight_needs_no_key() -> None:
    door = Door(load({"CLAUDE_LENS_HOME": str(Path("nowhere"))}))
    asked = (b"access-control-request-method", b"POST")
    scope = {"type": "http", "method": "OPTIONS", "path": "/v1/messages", "headers": [asked]}
    assert door.refusal(scope, Credential("missing")) is None
    assert door.refusal({**scope, "method": "POST"}, Credential("missing")) is not None
    assert door.refusal({**scope, "headers": []}, Credential("missing")) is not None
