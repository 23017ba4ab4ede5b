"""Asks a proxy how it is, and whether it is ours: it has to prove that it knows our key, or is not given it.

``GET /health`` needs no key, ``GET /claude-lens/status`` does. What is a proof, and whose word counts without
one, is said in :mod:`claude_lens.launcher`.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from claude_lens import launcher
from claude_lens.launcher import build_of, printable, proved, same_place, unproved, vouched, written
from claude_lens.proxy import key as keys
from claude_lens.settings import PACKAGE, Settings, environment, is_loopback

SERVICE = "claude-lens"
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Health:
    """``ours``: a proxy of claude-lens answered; ``foreign``: something else did; ``down``: nothing did.

    ``proved``: it may be given our key. ``detail`` is the JSON of ours; for the others, and for one that has
    not proved itself, ``said`` describes in a few words what happened.
    """

    state: Literal["ours", "foreign", "down"]
    said: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    proved: bool = False

    @property
    def healthy(self) -> bool:
        """Whether it is ours and takes requests."""
        return self.state == "ours" and self.detail.get("status") == "healthy"

    @property
    def strange(self) -> bool:
        """Whether it is a proxy of claude-lens, but has not proved to be ours."""
        return self.state == "ours" and not self.proved

    @property
    def pid(self) -> int | None:
        """Process id that the proxy reports; None where it reports none."""
        pid = self.detail.get("pid")
        return pid if isinstance(pid, int) else None


def health(url: str, settings: Settings | None = None, timeout: float = 2.0) -> Health:
    """What answers at ``url``, within ``timeout`` seconds. Never raises.

    Without ``settings`` it is asked for no proof.
    """
    nonce = secrets.token_urlsafe(24)
    try:
        status, server, body, peer = _ask(
            url, lambda peer: f"/health?nonce={nonce}&address={peer}", {}, timeout
        )
    except TimeoutError:
        return Health("foreign", said=f"accepts connections but did not answer within {timeout:g} s")
    except ssl.SSLError as error:
        return Health("foreign", said=f"does not speak TLS as expected ({error.reason})")
    except http.client.HTTPException as error:
        return Health("foreign", said=f"does not speak HTTP ({type(error).__name__})")
    except OSError as error:
        return Health("down", said=str(error.strerror or error) or type(error).__name__)
    detail = _json(body)
    if detail.get("service") != SERVICE:
        return Health("foreign", said=f"HTTP {status} from {printable(server) or 'an unnamed server'}")
    if settings is None:
        return Health("ours", detail=detail)
    known = keys.known(settings)
    # A key of LiteLLM's own is not the one that a proxy proves to know.
    trusted = same_place(url, settings.trusted_url or "") or bool(settings.key and not is_loopback(url))
    if trusted or proved(detail, known, nonce, peer) or vouched(url, detail, peer):
        return Health("ours", detail=detail, proved=True)
    return Health("ours", f"a claude-lens proxy that {unproved(detail, known, nonce, peer)}", detail)


def outdated(seen: Health) -> bool:
    """Whether a proxy runs other code than is installed here; one that tells no build does."""
    return seen.state == "ours" and seen.detail.get("build") != build_of(str(PACKAGE))


def refusal(url: str, seen: Health, settings: Settings) -> str:
    """Whose proxy it is where it is not ours, and in a second line what to do."""
    what = "strange" if seen.strange else "foreign"
    said = seen.said.removeprefix("a claude-lens proxy that ")
    own_name = bool(environment().get("CLAUDE_LENS_PORT"))
    return launcher.refusal(url, launcher.Seen(what, said), str(settings.home), own_name)


def status(url: str, key: str, timeout: float = 5.0) -> Mapping[str, Any] | None:
    """The proxy's counters, None where it does not answer them for this key. Never raises.

    To be asked of one that has proved itself.
    """
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
    return _ask(url, lambda _peer: path, headers or {}, timeout)[:3]


def _ask(
    url: str, path: Callable[[str], str], headers: Mapping[str, str], timeout: float
) -> tuple[int, str, bytes, str]:
    """The same with the address of the socket that answered, of which ``path`` may make use."""
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
        connection.connect()
        peer = written(connection.sock.getpeername())
        connection.request("GET", parts.path.rstrip("/") + path(peer), headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers.get("server", ""), answer.read(LARGEST), peer
    finally:
        connection.close()


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
