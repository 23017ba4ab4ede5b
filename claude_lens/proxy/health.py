"""Asks a proxy how it is. ``GET /health`` needs no key, ``GET /claude-lens/status`` does."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from claude_lens.settings import is_loopback

SERVICE = "claude-lens"
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Health:
    """``ours``: a proxy of claude-lens answered; ``foreign``: something else did; ``down``: nothing did.

    ``detail`` is the JSON of ours, for the others ``said`` describes in a few words what happened.
    """

    state: Literal["ours", "foreign", "down"]
    said: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether it is ours and takes requests."""
        return self.state == "ours" and self.detail.get("status") == "healthy"

    @property
    def pid(self) -> int | None:
        """Process id that the proxy reports; None where it reports none."""
        pid = self.detail.get("pid")
        return pid if isinstance(pid, int) else None


def health(url: str, timeout: float = 2.0) -> Health:
    """What answers at ``url``, within ``timeout`` seconds. Never raises."""
    try:
        status, server, body = get(url, "/health", timeout=timeout)
    except TimeoutError:
        return Health("foreign", said=f"accepts connections but did not answer within {timeout:g} s")
    except ssl.SSLError as error:
        return Health("foreign", said=f"does not speak TLS as expected ({error.reason})")
    except http.client.HTTPException as error:
        return Health("foreign", said=f"does not speak HTTP ({type(error).__name__})")
    except OSError as error:
        return Health("down", said=str(error.strerror or error) or type(error).__name__)
    detail = _json(body)
    if detail.get("service") == SERVICE:
        return Health("ours", detail=detail)
    return Health("foreign", said=f"HTTP {status} from {server or 'an unnamed server'}")


def status(url: str, key: str, timeout: float = 5.0) -> Mapping[str, Any] | None:
    """The proxy's counters, None where it does not answer them for this key. Never raises."""
    try:
        code, _, body = get(url, "/claude-lens/status", {"x-litellm-api-key": key}, timeout)
    except (OSError, http.client.HTTPException):
        return None
    return _json(body) if code == 200 else None


def get(
    url: str, path: str, headers: Mapping[str, str] | None = None, timeout: float = 5.0
) -> tuple[int, str, bytes]:
    """``(status, Server header, body)`` of a GET. Raises ``OSError`` or ``HTTPException``.

    A certificate is verified, except on loopback, where there is nobody in between.
    """
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if is_loopback(url):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", parts.path.rstrip("/") + path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers.get("server", ""), answer.read(LARGEST)
    finally:
        connection.close()


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
