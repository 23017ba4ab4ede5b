"""Starting one proxy: under a watcher, at sockets that are bound already, and waiting until it serves."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from claude_lens.errors import HostError, ProxyError
from claude_lens.launcher import build_of
from claude_lens.proxy import handover, log, watcher
from claude_lens.proxy import key as keys
from claude_lens.proxy import record as records
from claude_lens.proxy.health import health
from claude_lens.settings import EVERYWHERE, PACKAGE, Settings, find_config

START_TIMEOUT = 90.0
LOOK = 0.05
NOT_FOR_PROXY = (
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_OAUTH_TOKEN",
)
"""What claude reads of its environment and LiteLLM would mistake for its own."""

Progress = Callable[[float], None]

# They outlive us on purpose; Python warns of a child that nobody holds.
_started: list[subprocess.Popen[bytes]] = []


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How to serve: listening address, configuration, certificate."""

    host: str
    port: int
    config: Path
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def url(self) -> str:
        """Address under which this machine reaches the proxy."""
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def command(wanted: Plan) -> list[str]:
    """The command line of the proxy. ``-P`` keeps a project's own modules out of its way."""
    line = [sys.executable, "-P", "-m", records.MODULE, "--config", str(wanted.config)]
    line += ["--host", wanted.host, "--port", str(wanted.port)]
    if wanted.tls_cert and wanted.tls_key:
        line += ["--ssl-certfile", str(wanted.tls_cert), "--ssl-keyfile", str(wanted.tls_key)]
    return line


def proxy_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` as the proxy gets it: with its key and home, without what only claude should read."""
    env = {name: value for name, value in environ.items() if name not in NOT_FOR_PROXY}
    env["LITELLM_MASTER_KEY"] = keys.proxy_key(settings)
    env["CLAUDE_LENS_HOME"] = str(settings.home)
    env.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    env.setdefault("PYTHONUNBUFFERED", "1")
    return env


def described(settings: Settings, wanted: Plan) -> dict[str, Any]:
    """What ``proxy.json`` says beside the process."""
    return {
        "url": wanted.url,
        "host": wanted.host,
        "port": wanted.port,
        "config": str(wanted.config),
        # One that nobody chose: after an upgrade it is that of the new installation.
        "bundled": wanted.config == find_config(settings.home) and wanted.config.parent != settings.home,
        "python": sys.executable,
        "build": build_of(str(PACKAGE)),
        "tls_cert": str(wanted.tls_cert) if wanted.tls_cert else None,
        "tls_key": str(wanted.tls_key) if wanted.tls_key else None,
        "own_key": settings.master_key is not None,
    }


def bound(wanted: Plan) -> list[socket.socket]:
    """Sockets bound to the plan's address; none on Windows. Raises :class:`ProxyError`."""
    try:
        return [] if os.name == "nt" else handover.bind(wanted.host, wanted.port)
    except OSError as error:
        raise ProxyError(
            f"cannot listen on {wanted.host} port {wanted.port}: {error.strerror or error}; "
            "choose another with --host and --port"
        ) from None


def started(
    settings: Settings,
    environ: Mapping[str, str],
    wanted: Plan,
    listeners: Sequence[socket.socket],
    progress: Progress,
    taking_over: bool = False,
) -> psutil.Process:
    """Start a proxy and return its process once it serves; ``listeners`` are closed here.

    ``taking_over``: one that serves at the same sockets goes on until then, so that this one has the time to
    load LiteLLM first. Raises :class:`ProxyError` with the end of the log where it does not come up, and
    :class:`HostError` where it cannot be noted in ``proxy.json``.
    """
    if os.name == "nt":
        return _unwatched(settings, environ, wanted, progress)
    with os.fdopen(log.open_log(settings), "ab") as output:
        offset = output.tell()
        child = subprocess.Popen(
            watcher.command(sys.executable, PACKAGE),
            env=proxy_environment(settings, environ),
            cwd=settings.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            pass_fds=[listener.fileno() for listener in listeners],
            start_new_session=True,
        )
    _started.append(child)
    told = {
        "command": command(wanted),
        "record": described(settings, wanted),
        "home": str(settings.home),
        "listeners": [listener.fileno() for listener in listeners],
        "taking_over": taking_over,
    }
    assert child.stdin
    assert child.stdout
    with child.stdin, child.stdout:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(told).encode() + b"\n")
            child.stdin.flush()
        for listener in listeners:
            listener.close()
        answer = _answer(child, progress)
    word, _, rest = answer.partition(" ")
    if word == "ready":
        return psutil.Process(int(rest))
    if word == "unwritable":
        raise HostError(f"cannot write {settings.home / 'proxy.json'}: {rest}")
    _end(child)
    what = f"ended with code {rest}" if word == "ended" else f"is not healthy after {START_TIMEOUT:.0f} s"
    raise ProxyError(failure(settings, what, offset))


def _unwatched(
    settings: Settings, environ: Mapping[str, str], wanted: Plan, progress: Progress
) -> psutil.Process:
    """The same where sockets cannot be handed on: the proxy listens by itself, and is asked how it is."""
    with os.fdopen(log.open_log(settings), "ab") as output:
        offset = output.tell()
        child = subprocess.Popen(
            command(wanted),
            env=proxy_environment(settings, environ),
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    _started.append(child)
    process, began = psutil.Process(child.pid), time.monotonic()
    noted = {"pid": child.pid, "started_at": process.create_time(), "start_mark": None, "watcher": None}
    records.write(settings, {**described(settings, wanted), **noted})
    while not health(wanted.url, timeout=5.0).healthy:
        if child.poll() is not None or time.monotonic() - began > START_TIMEOUT:
            child.kill()
            raise ProxyError(failure(settings, f"ended with code {child.wait()}", offset))
        progress(time.monotonic() - began)
        time.sleep(LOOK)
    return process


def failure(settings: Settings, what: str, offset: int) -> str:
    """A sentence on a proxy that did not come up, with what its log says from ``offset`` on."""
    quoted = "".join(f"\n  {line}" for line in log.tail(settings, offset=offset)) or "\n  (the log is empty)"
    return f"the proxy {what}; the end of {settings.home / 'proxy.log'}:{quoted}"


def _answer(child: subprocess.Popen[bytes], progress: Progress) -> str:
    """The watcher's one line; ``late`` where none comes in time."""
    assert child.stdout
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while (waited := time.monotonic() - began) < START_TIMEOUT:
            if selector.select(LOOK):
                line = child.stdout.readline().decode().strip()
                return line or f"ended {child.wait()}"
            progress(waited)
    return "late"


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a watcher and what it started, at once."""
    with contextlib.suppress(psutil.Error):
        for process in [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]:
            process.kill()
    child.wait()
