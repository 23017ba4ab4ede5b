"""What each path of LiteLLM's app is for: a health check, a page, its administration, or a provider.

Whatever is not known to be one of the first three counts as a way to a provider: a route that a new version
of LiteLLM brings is then recorded before anybody has read about it. A test goes through the routes of the
installed version and names those that nobody has judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

Kind = Literal["health", "page", "host", "provider"]
Form = Literal["anthropic", "openai"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# First segments of pass-through routes, and what LiteLLM's price map calls the provider behind.
PASSED_TO = {
    **{
        name: name
        for name in _words(
            """
            anthropic assemblyai azure azure_ai azure_speech bedrock bespoke cohere comprehendmedical cursor
            deepgram eu.assemblyai fal_ai gemini gigachat langfuse laya milvus mistral nvidia_nim openai
            openrouter tinyfish transcribe typesafe vertex_ai vllm watsonx
            """
        )
    },
    "openai_passthrough": "openai",
    "vertex-ai": "vertex_ai",
}

HEALTH = _words("/health /health/liveliness /health/liveness /health/readiness /api/hello")

# What LiteLLM answers without a key: its console, its documentation, its logins and discovery documents.
PAGES = _words(
    """
    / /_next /authorize /callback /claude-code/marketplace.json /claude_code_gateway/.well-known
    /claude_code_gateway/oauth /docs /fallback/login /favicon.ico /get/ui_settings /get/ui_theme_settings
    /get_favicon /get_image /get_logo_url /liteadmin /litellm-asset-prefix /litellm/.well-known /login
    /mcp/oauth /mcp/registry.json /moyai/connect/exchange /oauth /onboarding /openapi.json /public /redoc
    /register /revoke /robots.txt /sso /swagger /token /ui /.well-known
    """
)
PAGE = re.compile(
    r"/[^/]+/(authorize|token|register)|/mcp/server/oauth/[^/]+/(authorize|token)|/skills/[^/]+/archive"
)

# What LiteLLM answers by itself to its administrators and clients; a key is needed, no provider is.
HOST = _words(
    """
    /access_group /active /adaptive_router /add /agent /agents /alerting /analytics /api /audit /auto_router
    /budget /cache /callbacks /claude-code /claude-lens /claude_code_gateway /cloudzero /compliance /config
    /config_overrides /coordination_redis /cost /cost_optimization /credentials /cursor/models /customer
    /debug /delete /email /end_user /fallback /gateway /get /global /guardrails /guardrails/register /health
    /indexes /introspect /invitation /jwt /key /lazy /lens /logs /management /mcp-rest /mcp/access_groups
    /mcp/discover /mcp/make_public /mcp/network /mcp/openapi-registry /mcp/server /mcp/sessions /mcp/tools
    /mcp/toolset /mcp/user-credentials /mcp/user-env-vars /memory /memory-usage-in-mem-cache
    /memory-usage-in-mem-cache-items /model /model-insights /model_group /model_hub /models /moyai
    /organization /otel-spans /policies /policy /project /prompts /provider /reload /router /routes
    /rust_control_plane /schedule /scim /search/tools /search_tools /session /settings /spend /tag /team
    /test /tool /traces /unified_access_group /update /upload /usage /user /utils /vantage /vector_store
    /workflows
    """
)
# Parts of these that ask a provider all the same.
PROVIDER = _words(
    """
    /apply_guardrail /auto_router/shadow_eval/start /auto_router/test_routing
    /claude_code_gateway/v1/messages /guardrails/apply_guardrail /health/test_connection /lens/worker
    /mcp-rest/tools/call /policy/templates/enrich /policy/templates/suggest /prompts/test
    /search_tools/test_connection /usage/ai/chat /utils/token_counter /v1beta/agents
    """
)
VERSION = re.compile(r"/v[0-9]+(?:beta|alpha)?(?=/)")
GOOGLE = re.compile(r"/models/([^/].*):[A-Za-z]+\Z")
ANTHROPIC = re.compile(r"/messages(?:/|\Z)|\A/anthropic/|\A/v1/skills|\A/v1/files|\A/api/")
OPENAI = re.compile(
    r"/(?:completions|embeddings|responses|images|audio|moderations|batches|fine_tuning|assistants|threads"
    r"|realtime|videos|containers|vector_stores|evals|rerank)(?:/|\Z)"
)


@lru_cache(maxsize=1024)
def kind_of(path: str) -> Kind:
    """What the path (without query) is for."""
    if path in HEALTH:
        return "health"
    bare = VERSION.sub("", path, count=1) if VERSION.match(path) else path
    if GOOGLE.search(bare):
        return "provider"
    if bare not in HOST and path.split("/", 2)[1] not in PASSED_TO and PAGE.fullmatch(bare):
        return "page"
    for known in (*_upwards(path), *_upwards(bare)):
        if known in PROVIDER:
            return "provider"
        if known in PAGES:
            return "page"
        if known in HOST:
            return "host"
    return "provider"


def form_of(path: str) -> Form:
    """In whose form the clients of this path expect an error."""
    if ANTHROPIC.search(path):
        return "anthropic"
    return "openai" if OPENAI.search(path) else "anthropic"


def provider_in(path: str) -> str | None:
    """The provider to which a pass-through route leads, in LiteLLM's words; None for all other paths."""
    first, _, rest = path.strip("/").partition("/")
    return PASSED_TO.get(first) if rest else None


def _upwards(path: str) -> Iterator[str]:
    """The path itself and the folders above it, the root only as itself."""
    path = path.rstrip("/") or "/"
    yield path
    while path := path[: path.rfind("/")].rstrip("/"):
        yield path
