"""The key before the present one, which is good for a while after ``lensctl key rotate``.

Claude Code reads its key once, when it starts: sessions that are open go on with the old one. It is replaced
by the present one at the door, so that nothing behind knows of it.
"""

from __future__ import annotations

import hmac
import time

from claude_lens.capture.asgi import App, Receive, Scope, Send

CARRIERS = frozenset({b"x-litellm-api-key", b"authorization", b"x-api-key"})


class OldKey:
    """An app before which ``old`` counts as ``new`` until the clock says ``until`` (seconds)."""

    def __init__(self, app: App, old: str, new: str, until: float) -> None:
        self._app = app
        self._old = old.encode()
        self._new = new.encode()
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer."""
        if scope["type"] in ("http", "websocket") and time.time() < self._until:
            headers = scope["headers"]
            if any(name in CARRIERS and self._old in value for name, value in headers):
                scope["headers"] = [(name, self._renewed(name, value)) for name, value in headers]
        await self._app(scope, receive, send)

    def _renewed(self, name: bytes, value: bytes) -> bytes:
        scheme, space, key = value.strip().rpartition(b" ")
        if name in CARRIERS and hmac.compare_digest(key, self._old):
            return scheme + space + self._new
        return value
