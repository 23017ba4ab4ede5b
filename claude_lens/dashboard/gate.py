"""The door before every page: names, origins, the cookie, the token for changes, the headers of answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response

from claude_lens.dashboard.access import Access
from claude_lens.hosts import HostGuard

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN: Final = ("/health", "/open", "/favicon.ico")
OPEN_BELOW: Final = "/static/"
READING: Final = frozenset({"GET", "HEAD"})
TOKEN_HEADER: Final = "x-lens-token"

# No inline script or style anywhere, nothing from outside; images also from data: (none of them runs).
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


def cookie_name(port: int) -> str:
    """Cookies do not keep ports apart, so the name does."""
    return f"claude_lens_{port}"


class Gate:
    """ASGI middleware. ``guard`` None: the dashboard is asked by names it cannot know (beyond loopback).

    ``locked`` makes the answer for those without a cookie. What passes has ``scope["cookie"]``.
    """

    def __init__(
        self, app: App, *, access: Access, guard: HostGuard | None, port: int, locked: Callable[[], Response]
    ) -> None:
        self._app, self._access, self._guard, self._locked = app, access, guard, locked
        self._cookie = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            scope["cookie"] = self._known_cookie(scope)
            refused = self._refusal(scope)
            target: App = refused or self._app
            await target(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        reason = (self._guard and self._guard.refusal(scope)) or _foreign(headers, scope["method"])
        if reason:
            return PlainTextResponse(f"refused: {reason}\n", 403)
        path: str = scope["path"]
        if path in OPEN or path.startswith(OPEN_BELOW):
            return None
        if not scope["cookie"]:
            return self._locked()
        if scope["method"] not in READING:
            token = headers.get(TOKEN_HEADER, "")
            if not self._access.may_change(scope["cookie"], token):
                return PlainTextResponse("refused: the token is missing or wrong; reload the page\n", 403)
        return None

    def _known_cookie(self, scope: Scope) -> str | None:
        try:
            jar = SimpleCookie(Headers(scope=scope).get("cookie", ""))
        except CookieError:
            return None
        found = jar.get(self._cookie)
        return found.value if found is not None and self._access.knows(found.value) else None


def _foreign(headers: Headers, method: str) -> str | None:
    """Pages of other ports on this machine are foreign too, though the same site to a browser."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return f"pages of {origin!r} may not use this server"
    site = headers.get("sec-fetch-site", "none")
    if site in ("same-origin", "none"):
        return None
    navigates = method in READING and headers.get("sec-fetch-mode") == "navigate"
    return None if navigates else "another site's page asked"


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                found.setdefault(name, value)
            found.setdefault("cache-control", "private, no-cache")
        await send(message)

    return wrapped
