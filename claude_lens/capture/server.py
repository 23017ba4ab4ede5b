"""The proxy process: LiteLLM's app behind our front, under uvicorn.

``python -m claude_lens.capture.server --config FILE --host ADDRESS --port N [--ssl-certfile …]`` reads
LITELLM_MASTER_KEY and the settings from the environment and stops on SIGTERM once running requests have
ended. Standing outside LiteLLM's app keeps its middleware away from bytes that are not ours to change.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from claude_lens import descriptors, memory
from claude_lens.agents.targets import derived
from claude_lens.capture.answers import respond_error
from claude_lens.capture.early import EarlyApp
from claude_lens.capture.early_config import Early, NotSimple, examine
from claude_lens.capture.grace import OldKey
from claude_lens.capture.http import protocol, web_socket
from claude_lens.capture.loading import Loading
from claude_lens.capture.worker import serve_ourselves, worker
from claude_lens.errors import UserError
from claude_lens.hosts import HostGuard
from claude_lens.proxy import handover, key
from claude_lens.proxy.config import check_routes
from claude_lens.settings import LOOPBACK, Settings, environment

if TYPE_CHECKING:
    from claude_lens.capture.asgi import App, Message, Receive, Scope, Send
    from claude_lens.capture.plugin import Plugin

DRAIN = 600
# As uvicorn's own, where an app does not start.
STARTUP_FAILURE = 3


class Wrapped:
    """LiteLLM's app with the front before it, as one ASGI app."""

    def __init__(self, litellm_app: App, plugin: Plugin, guard: HostGuard | None) -> None:
        self._app = litellm_app
        self._plugin = plugin
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests go through the front; start-up and shutdown are LiteLLM's, then ours."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._lifespan(send))
        elif self._guard and scope["type"] == "http" and (refusal := self._guard.refusal(scope)):
            await respond_error(send, 403, refusal)
        else:
            await self._plugin.front(self._app, scope, receive, send)

    def _lifespan(self, send: Send) -> Send:
        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._plugin.worker.feed()
                from claude_lens.capture import shortcut

                shortcut.install(self._app)
                # Objects of start-up live as long as we do; looking through them, even once, costs a pause.
                gc.freeze()
                gc.enable()
            elif message["type"].startswith("lifespan.shutdown"):
                await self._plugin.worker.close()
            await send(message)

        return watched


def prepare_environment(config: Path) -> None:
    """Set what LiteLLM reads at import, the ``.env`` files included.

    An ANTHROPIC_BASE_URL here would be our own address.
    """
    os.environ.update(environment(config=config))
    os.environ.update(derived(os.environ))
    os.environ["CONFIG_FILE_PATH"] = str(config)
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.pop("ANTHROPIC_BASE_URL", None)
    forward = os.environ.get("ANTHROPIC_FORWARD_URL")
    if forward:
        os.environ.setdefault("ANTHROPIC_API_BASE", forward.rstrip("/"))


def build(guard: HostGuard | None) -> Wrapped:
    """Import LiteLLM and put our front before its app."""
    gc.disable()
    from litellm.proxy.proxy_server import app

    from claude_lens.capture.plugin import plugin

    return Wrapped(app, plugin(), guard)


def early(config: Path, settings: Settings) -> Early | None:
    """What can be served while LiteLLM is loaded; None where everything has to wait for it."""
    if settings.transparent != "auto":
        return None
    try:
        return examine(config, os.environ, settings.forward_url)
    except NotSimple:
        return None


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m claude_lens.capture.server")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ssl-certfile")
    parser.add_argument("--ssl-keyfile")
    parser.add_argument("--listen", help="numbers of inherited sockets to listen at, instead of binding any")
    parser.add_argument(
        "--ready", type=int, help="number of a descriptor to write to once requests are taken"
    )
    parser.add_argument("--whole", action="store_true", help="LiteLLM first, unless it is loaded on demand")
    parser.add_argument(
        "--drain", type=int, default=DRAIN, help="seconds that running requests get at the end"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Serve until told to stop."""
    memory.steady()
    chosen = arguments(sys.argv[1:] if argv is None else argv)
    prepare_environment(chosen.config.resolve())
    try:
        check_routes(chosen.config.resolve(), os.environ)
    except UserError as error:
        print(f"claude-lens: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    serve(chosen)


def sockets(chosen: argparse.Namespace) -> list[socket.socket]:
    """Where to listen. Ends the process where it may not."""
    if chosen.listen:
        return [socket.socket(fileno=int(number)) for number in chosen.listen.split(",")]
    try:
        return [] if os.name == "nt" else handover.bind(chosen.host, chosen.port)
    except OSError as error:
        where = f"{chosen.host} port {chosen.port}"
        print(f"claude-lens: cannot listen on {where}: {error.strerror or error}", file=sys.stderr)
        sys.exit(STARTUP_FAILURE)


def announce(chosen: argparse.Namespace, listeners: list[socket.socket], home: Path) -> None:
    """Requests are taken from now on: tell the watcher; without one, offer our sockets to a successor."""
    if chosen.ready is not None:
        os.write(chosen.ready, b"ready")
        os.close(chosen.ready)
    elif os.name != "nt" and (offered := handover.offer(home)):
        asyncio.get_running_loop().add_reader(offered.fileno(), handover.give, offered, listeners)


def serve(chosen: argparse.Namespace) -> NoReturn:
    """Serve until told to stop, and end the process."""
    serve_ourselves()
    settings = worker().settings
    # Beyond loopback the operator's own names are unknown; the key guards the door there.
    guard = HostGuard(settings.allowed_hosts) if chosen.host in LOOPBACK else None
    known = early(chosen.config.resolve(), settings)
    on_demand = known is not None and known.alone and settings.litellm == "auto"
    if chosen.whole and not on_demand:
        known = None

    limit = descriptors.raise_limit()
    listeners = sockets(chosen)
    loading = Loading(lambda: build(guard), on_demand=on_demand)
    app = EarlyApp(known, worker(), guard, loading) if known else build(guard)
    old, new = key.old(settings), os.environ.get("LITELLM_MASTER_KEY")
    entrance = OldKey(app, old[0], new, old[1]) if old and new else app
    import uvicorn

    from claude_lens.capture.accepting import AcceptingServer

    # uvicorn raises the signal again once it has stopped; being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = AcceptingServer(
        uvicorn.Config(
            entrance,
            host=chosen.host,
            port=chosen.port,
            http=protocol(),
            ws=web_socket(),
            ssl_certfile=chosen.ssl_certfile,
            ssl_keyfile=chosen.ssl_keyfile,
            server_header=False,
            date_header=False,
            access_log=False,
            timeout_graceful_shutdown=chosen.drain,
            timeout_keep_alive=120,
            h11_max_incomplete_event_size=2**20,
        ),
        listeners,
        descriptors.connections(limit),
        lambda: announce(chosen, listeners, settings.home),
    )
    if os.name != "nt":
        signal.signal(signal.SIGUSR1, lambda *_: server.leave())
    code: int | str | None = 0
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    except SystemExit as end:
        code = end.code
    if not server.started:
        code = code or STARTUP_FAILURE
    if loading.importing:
        # All is written and closed; the interpreter's own end would wait for seconds of imports, or crash.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)
    sys.exit(code)


if __name__ == "__main__":
    main()
