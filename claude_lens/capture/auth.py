"""Who may use the proxy: the master key is compared here, every other key is LiteLLM's business."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Literal

from claude_lens.capture import headers as h
from claude_lens.capture.inflight import RawHeaders

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


def _bare(value: bytes | None) -> bytes:
    if value is None:
        return b""
    scheme, _, rest = value.partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else value.strip()


def _same(given: bytes, key: str) -> bool:
    return hmac.compare_digest(given, key.encode())
