"""Header lists and queries: look up, and take the credentials out before anything is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote_plus

from claude_lens.exchange import Headers

_SECRET_WORD = re.compile(
    r"(?:token|secret|key|password|passwd|pwd|credentials?|cookie2?|auth|authorization|authentication"
    r"|jwt|bearer|assertion|signature|passphrase)\Z"
)
_KEY_OF_OTHER_KIND = frozenset({"idempotency", "cache", "surrogate"})
_SCHEME = re.compile(
    r"(bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256|oauth)[ \t]+(?=\S)", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])g?sk[-_][A-Za-z0-9_-]{16}|gh[pousr]_[A-Za-z0-9]{20}|github_pat_\w{20}|AIza[\w-]{30}"
    r"|xox[abeoprs]-[\w-]{10}|eyJ[\w-]{8,}\.[\w-]{8,}\."
)
_MARK = "[redacted:"


def get(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of header ``name`` (case does not matter), None where it is absent."""
    wanted = name.lower()
    for key, value in headers:
        if key == wanted or key.lower() == wanted:
            return value
    return None


@lru_cache(maxsize=2048)
def is_credential(name: str) -> bool:
    """Whether a header of this name carries a credential, judged by the words of the name.

    >>> is_credential("Ocp-Apim-Subscription-Key"), is_credential("anthropic-ratelimit-tokens-limit")
    (True, False)
    """
    words = re.split(r"[-_.\s]+", name.lower())
    if words[0] == "anthropic" or "ratelimit" in words or words[:3] == ["x", "litellm", "key"]:
        # Counters and limits talk about tokens and keys; only the last word can make these a credential.
        words = words[-1:]
    if words[-1] == "key" and len(words) > 1 and words[-2] in _KEY_OF_OTHER_KIND:
        return False
    return any(_SECRET_WORD.search(word) for word in words)


@lru_cache(maxsize=1024)
def _redacted(name: str, value: str) -> str:
    scheme = _SCHEME.match(value)
    secret = value[scheme.end() :] if scheme else value
    label = scheme[1] if scheme else name
    digest = hashlib.sha256(secret.strip().encode("utf-8", "backslashreplace")).hexdigest()
    return f"{_MARK}{label.lower()}:{digest[:8]}]"


def _is_secret(value: str) -> bool:
    """Whether a value is a credential whatever its header is called."""
    if value[:6].lower() in ("bearer", "basic "):
        return _SCHEME.match(value) is not None
    # Most values end here; substring tests cost a tenth of the expression.
    if not (
        "sk-" in value or "sk_" in value or "eyJ" in value or "gh" in value or "AI" in value or "xox" in value
    ):
        return False
    return _SECRET_VALUE.search(value) is not None


def redact(headers: Iterable[tuple[str, str]]) -> Headers:
    """The same headers in the same order, each credential replaced by a fingerprint.

    ``authorization: Bearer abc`` becomes ``[redacted:bearer:ba7816bf]``: the scheme (or the header's
    name, where there is none) and the first 8 hex digits of the SHA-256 of the secret alone, so that
    one key gives one fingerprint in whichever header it travels. What is redacted already stays.
    """
    return tuple(
        (name, _redacted(name, value))
        if value and (is_credential(name) or _is_secret(value)) and not value.startswith(_MARK)
        else (name, value)
        for name, value in headers
    )


def redact_query(query: str) -> str:
    """A query string, without ``?``, whose credentials (``key=…``, ``access_token=…``) are fingerprints.

    What is no credential stays byte for byte.
    """
    if "=" not in query:
        return query
    shown = []
    for part in query.split("&"):
        name, sign, value = part.partition("=")
        secret = unquote_plus(value)
        if secret and (is_credential(unquote_plus(name)) or _is_secret(secret)):
            value = _redacted(unquote_plus(name), secret)
        shown.append(f"{name}{sign}{value}")
    return "&".join(shown)
