"""What paths are for, held against the routes of the installed LiteLLM."""

from __future__ import annotations

import re

import pytest

from claude_lens.capture.paths import (
    HOST,
    PAGE,
    PAGES,
    PASSED_TO,
    PROVIDER,
    form_of,
    kind_of,
    provider_in,
)
from tests.capture.routes import routes

# Ways to a provider as they are known today; a route that starts otherwise has been judged by nobody.
ASKED = re.compile(
    r"/(?:v1beta/|v1/|v2/|openai/v1/)?(?:a2a|agents|apply_guardrail|assistants|audio|auto_router|batches|chat"
    r"|claude_code_gateway|completions|containers|cursor|decisions|embeddings|engines|evals|files|fine_tuning"
    r"|guardrails|health|images|interactions|lens|mcp|mcp-rest|messages|models|moderations|ocr|plugin-proxy"
    r"|policy|prompts|queue|rag|realtime|rerank|responses|search|search_tools|skills|systemone|threads|toolset"
    r"|usage|utils|vector_stores|videos|\{mcp_server_name\}|\{provider\})(?:/|\Z)"
)


def test_every_route_of_the_installed_litellm_has_been_judged() -> None:
    """A failure names routes that are new: ways to a provider belong to ``ASKED``, the others to paths.py."""
    found = {(route.kind, route.path) for route in routes()}
    assert len(found) > 300
    assert {kind for kind, _ in found} == {"health", "page", "host", "provider"}
    unknown = sorted(
        path
        for kind, path in found
        if kind == "provider" and not ASKED.match(path) and path.split("/")[1] not in PASSED_TO
    )
    assert unknown == []


def test_what_litellm_answers_without_a_key_is_a_page_or_asks_for_one_itself() -> None:
    """Routes without LiteLLM's own check of the key, that we would let pass to whoever has ours."""
    own = (
        "/lens/",
        "/v1/logs",
        "/v1/traces",
        "/health/drain",
        "/api/event_logging",
        "/mcp",
        "/toolset",
        "/{mcp",
    )
    passed = ("/gemini/", "/langfuse/", "/vertex_ai/", "/realtime", "/v1/realtime", "/openai/v1/realtime")
    open_ones = {
        route.path for route in routes() if not route.checked and route.kind not in ("page", "health")
    }
    assert {path for path in open_ones if not path.startswith(own + passed)} == set()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/messages", "provider"),
        ("/anthropic/v1/messages", "provider"),
        ("/anthropic/token", "provider"),
        ("/v1beta/models/gemini-2.5-pro:generateContent", "provider"),
        ("/models/a/b:streamGenerateContent", "provider"),
        ("/v1/embeddings", "provider"),
        ("/of/tomorrow", "provider"),
        ("//v1/embeddings", "provider"),
        ("/health/test_connection", "provider"),
        ("/", "page"),
        ("/ui/", "page"),
        ("/ui/login/index.html", "page"),
        ("/docs", "page"),
        ("/v3/login/exchange", "page"),
        ("/some-server/authorize", "page"),
        ("/health", "health"),
        ("/health/liveliness", "health"),
        ("/health/services", "host"),
        ("/v1/models/claude-sonnet-4-5", "host"),
        ("/key/generate", "host"),
        ("/claude-lens/status", "host"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_no_path_is_in_two_lists() -> None:
    assert not PAGES & HOST
    assert not PROVIDER & (HOST | PAGES)
    assert not any(PAGE.fullmatch(path) for path in HOST - {"/guardrails/register"})


def test_providers_behind_pass_through_routes() -> None:
    assert provider_in("/anthropic/v1/messages") == "anthropic"
    assert provider_in("/vertex-ai/v1/projects") == "vertex_ai"
    assert provider_in("/anthropic") is None
    assert provider_in("/v1/embeddings") is None


def test_errors_come_in_the_form_that_the_client_knows() -> None:
    assert form_of("/v1/messages") == form_of("/anthropic/v1/models") == form_of("/ui/") == "anthropic"
    assert (
        form_of("/v1/responses") == form_of("/engines/gpt-4o/completions") == form_of("/realtime") == "openai"
    )
    assert form_of("/v1/messages/batches") == "anthropic"
