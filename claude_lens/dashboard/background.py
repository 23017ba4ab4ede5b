"""The dashboard as a process in the background, beside the proxy: started, found again, and stopped.

``dashboard.json`` in the home folder says which process it is; what it has to say goes to ``dashboard.log``.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil

from claude_lens.dashboard import server
from claude_lens.errors import HostError
from claude_lens.proxy import health
from claude_lens.settings import Settings

SERVICE: Final = "claude-lens-dashboard"
START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0
HOST: Final = "127.0.0.1"

# It outlives us on purpose; Python warns of a child that nobody holds.
_started: list[subprocess.Popen[bytes]] = []


def answers(host: str, port: int) -> bool:
    """Whether a dashboard answers there."""
    return _who(host, port) is not None


def _who(host: str, port: int) -> int | None:
    """The process of the dashboard that answers there."""
    try:
        status, _, body = health.get(server.address(host, port), "/health", timeout=2)
        found = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    if status != 200 or not isinstance(found, dict) or found.get("service") != SERVICE:
        return None
    pid = found.get("pid")
    return pid if isinstance(pid, int) else None


def start(settings: Settings, environ: Mapping[str, str]) -> str:
    """Start one on the port of the settings unless it runs; returns a link. Raises :class:`HostError`."""
    url = server.address(HOST, settings.web_port)
    if not answers(HOST, settings.web_port):
        _run(settings, environ)
    return server.link(settings, url)


def stop(settings: Settings) -> bool:
    """Stop the one that :func:`start` started; False where there is none."""
    process = _recorded(settings)
    _file(settings).unlink(missing_ok=True)
    if process is None:
        return False
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
    return True


def _run(settings: Settings, environ: Mapping[str, str]) -> None:
    log = settings.home / "dashboard.log"
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "claude_lens", "dashboard", "--no-open"]
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as output:
        child = subprocess.Popen(
            [*command, "--port", str(settings.web_port)],
            env=dict(environ) | {"CLAUDE_LENS_HOME": str(settings.home)},
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            # Its first line is a link that opens the door; a log is no place for it.
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
        )
    _started.append(child)
    until = time.monotonic() + START_SECONDS
    while _who(HOST, settings.web_port) != child.pid:
        if child.poll() is not None or time.monotonic() > until:
            child.kill()
            child.wait()
            if answers(HOST, settings.web_port):
                # Another start got the port; it writes down which process that is.
                return
            said = log.read_text(errors="replace").strip()[-500:]
            raise HostError(f"the dashboard did not start: {said or 'it said nothing'}")
        time.sleep(0.05)
    record = {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
    with os.fdopen(os.open(_file(settings), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(record | {"port": settings.web_port}, file)


def _recorded(settings: Settings) -> psutil.Process | None:
    try:
        record = json.loads(_file(settings).read_text())
        process = psutil.Process(int(record["pid"]))
        return process if abs(process.create_time() - float(record["started"])) < 1 else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def _file(settings: Settings) -> Path:
    return settings.home / "dashboard.json"
