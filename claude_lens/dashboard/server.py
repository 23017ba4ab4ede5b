"""Serves the dashboard: a socket of its own, one process, until it is told to stop."""

from __future__ import annotations

import socket
import sys

from claude_lens import descriptors
from claude_lens.dashboard.access import Access
from claude_lens.errors import HostError
from claude_lens.settings import Settings


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises :class:`HostError`, most often as the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise HostError(f"cannot listen on {host} port {port}: {error.strerror or error}") from None


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def link(settings: Settings, url: str) -> str:
    """A new link that opens the dashboard at ``url`` once."""
    return f"{url}/open?token={Access(settings.home).new_link()}"


def serve(settings: Settings, host: str, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    import uvicorn

    from claude_lens.dashboard.app import create_app

    descriptors.raise_limit()
    app = create_app(settings, host, listener.getsockname()[1])
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    sys.stdout.flush()
    uvicorn.Server(config).run(sockets=[listener])
