"""The door: which requests may pass at all, whatever comes behind it, LiteLLM loaded or not.

Health is free. Everything else needs the proxy's key, or one of LiteLLM's own where LiteLLM can judge keys.
LiteLLM's pages, which need none, are shut unless ``CLAUDE_LENS_HOST_PAGES`` opens them; other ways to a
provider than Claude Code's own and chat completions are shut where ``CLAUDE_LENS_OTHER_ENDPOINTS`` says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import orjson

from claude_lens.capture import headers as h
from claude_lens.capture.answers import error_body, error_type, respond
from claude_lens.capture.asgi import Message, Scope, Send
from claude_lens.capture.auth import Credential, Verdict
from claude_lens.capture.paths import form_of, kind_of
from claude_lens.capture.request import RECORDED, WRONG_KEY
from claude_lens.settings import Settings
from claude_lens.wire.dialect import dialect_of

ALL_KEYS: frozenset[Verdict] = frozenset(("missing", "foreign"))
PAGES_SHUT = (
    "LiteLLM's own pages are shut here: set CLAUDE_LENS_HOST_PAGES=on in the proxy's environment or .env "
    "file and run `lensctl restart` to open them"
)
OTHERS_SHUT = (
    "{path} is not forwarded here: this proxy serves /v1/messages and /v1/chat/completions only, since "
    "CLAUDE_LENS_OTHER_ENDPOINTS=refuse is set; without it the others are forwarded and recorded"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status and one sentence for the client."""

    status: int
    message: str


class Door:
    """Lets requests pass, or says why not; the same before and after LiteLLM is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._pages_open = settings.host_pages == "on"
        self._refuses_others = settings.other_endpoints == "refuse"

    def refusal(
        self, scope: Scope, credential: Credential, refused: frozenset[Verdict] = ALL_KEYS
    ) -> Refusal | None:
        """Why the request may not pass; None where it may.

        ``refused``: the verdicts on a key that end here; the others are LiteLLM's to judge.
        """
        method, path = scope.get("method", ""), scope["path"]
        kind = kind_of(path)
        if kind == "health" and method in ("GET", "HEAD", "OPTIONS"):
            return None
        if method == "OPTIONS" and h.get(scope["headers"], b"access-control-request-method"):
            # A browser asks by itself and without a key; LiteLLM answers what its settings say of origins.
            return None
        if kind == "page" and self._pages_open:
            return None
        if credential.verdict in refused:
            return Refusal(401, WRONG_KEY[credential.verdict])
        if kind == "page":
            return Refusal(403, PAGES_SHUT)
        if kind == "provider" and self._refuses_others and not is_recorded(scope):
            return Refusal(403, OTHERS_SHUT.format(path=path))
        return None


def is_recorded(scope: Scope) -> bool:
    """Whether the request is one that Claude Code itself makes, or a chat completion."""
    return scope.get("method") == "POST" and scope["path"] in RECORDED


def is_other(scope: Scope) -> bool:
    """Whether the request may reach a provider without being one of those."""
    return kind_of(scope["path"]) == "provider" and not is_recorded(scope)


def takes_an_object(scope: Scope) -> bool:
    """Whether the request is one of a model's conversations, which all have a JSON object as body."""
    return scope.get("method") == "POST" and dialect_of(scope["path"]) not in ("other", "gemini")


def no_object(scope: Scope, body: bytes) -> Refusal | None:
    """The refusal of a body that is no JSON object, which nothing behind the door can make sense of."""
    if h.get(scope["headers"], b"content-encoding"):
        return None
    try:
        parsed = json.loads(body)
    except RecursionError:
        return None
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return None
    return Refusal(400, "the body must be a JSON object")


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> bytes:
    """Answer a refusal in the form that the path's clients understand; a web socket is not opened.

    Returns the body.
    """
    body = worded(scope["path"], refusal)
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.message[:120]})
            return body
        send = _as_answer_to_a_socket(send)
    await respond(send, refusal.status, body)
    return body


def worded(path: str, refusal: Refusal) -> bytes:
    """The refusal as JSON in the form of OpenAI's or Anthropic's API, as the path demands."""
    if form_of(path) == "anthropic":
        return error_body(refusal.status, refusal.message)
    code = "invalid_api_key" if refusal.status == 401 else None
    error = {"message": refusal.message, "type": error_type(refusal.status), "param": None, "code": code}
    return orjson.dumps({"error": error})


def _as_answer_to_a_socket(send: Send) -> Send:
    async def renamed(message: Message) -> None:
        kind = message["type"].replace("http.response", "websocket.http.response")
        await send({**message, "type": kind})

    return renamed
