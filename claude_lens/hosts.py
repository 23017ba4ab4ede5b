"""Against DNS rebinding and foreign pages: by which names a server on loopback may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from claude_lens.settings import is_loopback


class HostGuard:
    """Checks ``Host`` and ``Origin``. Loopback's names are always allowed, others by the settings."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(allowed)

    def refusal(self, scope: Mapping[str, Any]) -> str | None:
        """Why the request of this ASGI scope is refused; None where it may pass."""
        host = _header(scope, b"host")
        if not self._known(f"//{host}"):
            return f"host {host!r} is none of this server's: list it in CLAUDE_LENS_ALLOWED_HOSTS"
        origin = _header(scope, b"origin")
        if origin and not self._known(origin):
            return f"pages of {origin!r} may not use this server"
        return None

    def _known(self, address: str) -> bool:
        if "*" in self._allowed:
            return True
        try:
            name = urlsplit(address).hostname
        except ValueError:
            return False
        return name is not None and (
            name in self._allowed or is_loopback(f"//{name}" if ":" not in name else address)
        )


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
