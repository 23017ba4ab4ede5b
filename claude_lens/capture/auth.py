"""Who may use the proxy: the master key is compared here, every other key is LiteLLM's business."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from claude_lens.capture import headers as h
from claude_lens.capture.asgi import Scope
from claude_lens.capture.inflight import RawHeaders

# Where other providers' clients put a key, and LiteLLM finds it.
ELSEWHERE = (b"api-key", b"x-goog-api-key", b"ocp-apim-subscription-key", b"litellm_user_api_key")
SUBPROTOCOL = b"openai-insecure-api-key."

Verdict = Literal["master", "open", "foreign", "missing"]


@dataclass(frozen=True, slots=True)
class Credential:
    """``verdict`` on the proxy's key; ``own`` is true where the client brought a provider's too."""

    verdict: Verdict
    own: bool = False


def judge(headers: RawHeaders, master_key: str | None) -> Credential:
    """Find the proxy's key among a request's headers.

    ``x-litellm-api-key`` goes before ``Authorization`` and ``x-api-key``; where it carries the key, these
    two belong to the provider (a claude.ai login).
    """
    lens, bearer, api_key = (
        _bare(h.get(headers, name)) for name in (b"x-litellm-api-key", b"authorization", b"x-api-key")
    )
    if master_key is None:
        return Credential("open", own=bool(bearer or api_key))
    if lens:
        if not _same(lens, master_key):
            return Credential("foreign")
        others = [key for key in (bearer, api_key) if key and not _same(key, master_key)]
        return Credential("master", own=bool(others))
    given = [key for key in (bearer, api_key) if key]
    if any(_same(key, master_key) for key in given):
        return Credential("master")
    return Credential("foreign" if given else "missing")


def judge_anywhere(scope: Scope, master_key: str | None) -> Credential:
    """As :func:`judge`, for clients of other APIs too, which LiteLLM lets show their key elsewhere.

    Azure's and Google's headers, ``?key=`` of Gemini's URLs, and the subprotocol of a browser's web socket.
    """
    found = judge(scope["headers"], master_key)
    if master_key is None or found.verdict == "master" or h.get(scope["headers"], b"x-litellm-api-key"):
        return found
    given = [_bare(h.get(scope["headers"], name)) for name in ELSEWHERE]
    protocols = h.get(scope["headers"], b"sec-websocket-protocol") or b""
    given += [
        part.strip().removeprefix(SUBPROTOCOL)
        for part in protocols.split(b",")
        if part.strip().startswith(SUBPROTOCOL)
    ]
    given += [unquote_to_bytes(part[4:]) for part in scope["query_string"].split(b"&") if part[:4] == b"key="]
    if any(_same(key, master_key) for key in given if key):
        return Credential("master")
    return Credential("foreign") if any(given) else found


def _bare(value: bytes | None) -> bytes:
    if value is None:
        return b""
    scheme, _, rest = value.partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else value.strip()


def _same(given: bytes, key: str) -> bool:
    return hmac.compare_digest(given, key.encode())
