"""Starts, replaces and stops the proxy, and knows which process it is.

The home folder holds ``proxy.json`` (which process serves, who watches it, and how it was started),
``proxy.sock`` (where the listening sockets are handed on), ``proxy.log`` and ``proxy.lock``; whoever starts
or stops holds the lock, so two starts at once make one proxy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from claude_lens import settings as setting_table
from claude_lens.errors import HostError, ProxyError, UserError
from claude_lens.proxy import handover, launch
from claude_lens.proxy import key as keys
from claude_lens.proxy import record as records
from claude_lens.proxy.health import Health, health, refusal
from claude_lens.proxy.launch import Plan, Progress
from claude_lens.proxy.lock import lock
from claude_lens.proxy.mark import start_mark
from claude_lens.settings import Settings, is_loopback

STOP_TIMEOUT = 60.0
DRAIN_TIMEOUT = 600.0
RECORDER_TIMEOUT = 20.0
WATCHER_TIMEOUT = 5.0


def config_file() -> ModuleType:
    """:mod:`claude_lens.proxy.config`, imported by who starts something: who only asks needs no YAML."""
    from claude_lens.proxy import config

    return config


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """A proxy that serves. ``process`` is None where it was not started from this home folder."""

    url: str
    process: psutil.Process | None
    record: Mapping[str, Any]
    new: bool = False


def plan(
    settings: Settings,
    host: str | None = None,
    port: int | None = None,
    config: Path | None = None,
    tls: tuple[Path | None, Path | None] = (None, None),
) -> Plan:
    """Put options over settings and check everything that can be checked before a start.

    Raises :class:`UserError`: no configuration or a wrong one, half a certificate, a public address without a
    key of the user's own.
    """
    found = config or settings.config
    if found is None:
        raise UserError("no litellm_config.yaml found; name one with --config")
    config_file().check(found)
    if problem := keys.refused(settings, setting_table.environment()):
        raise UserError(f"{problem}; {keys.ADVICE}")
    cert, cert_key = tls
    if (cert is None) != (cert_key is None):
        raise UserError("--tls-cert and --tls-key belong together")
    for file in (cert, cert_key):
        if file is not None and not file.is_file():
            raise UserError(f"{file}: no such file")
    made = Plan(host or settings.host, port or settings.port, found, cert, cert_key)
    address = f"[{made.host}]" if ":" in made.host else made.host
    if not is_loopback(f"http://{address}") and not settings.master_key:
        raise UserError(
            f"listening on {made.host} lets others in: set LITELLM_MASTER_KEY to a key of your own first"
        )
    return made


def current(settings: Settings) -> Running | None:
    """The proxy started from this home folder, None where none runs any more."""
    record = records.read(settings)
    process = records.process_of(record)
    return Running(str(record["url"]), process, record) if process else None


def last(settings: Settings) -> Running | None:
    """The same, or what is about to bring it back: a process that has its environment."""
    record = records.read(settings)
    process = records.process_of(record) or records.watcher_of(record)
    return Running(str(record["url"]), process, record) if process else None


def start(
    settings: Settings,
    environ: Mapping[str, str],
    wanted: Plan,
    progress: Progress = lambda _seconds: None,
) -> Running:
    """Start the proxy in the background and wait until it is healthy; one that runs already is returned.

    ``environ`` is the environment it gets; ``progress`` hears the seconds waited, several times a second.
    Raises :class:`ProxyError` with the end of the log where it does not come up.
    """
    config_file().check_routes(wanted.config, environ)
    with lock(settings):
        return _start(settings, environ, wanted, progress)


def replace(
    settings: Settings,
    environ: Mapping[str, str],
    wanted: Plan,
    timeout: float = DRAIN_TIMEOUT,
    progress: Progress = lambda _seconds: None,
) -> tuple[Running, bool]:
    """Start a new proxy in the place of the old, which then has ``timeout`` seconds for what still runs.

    The new one serves at the same sockets, and the old one until it does: nobody is refused. Where the new
    one does not come up, the old one stays. Returns the new proxy, and false where requests had to be cut.
    Raises like :func:`start`.
    """
    config_file().check_routes(wanted.config, environ)
    with lock(settings):
        old = last(settings)
        family = _family(old)
        if old is None:
            running = _start(settings, environ, wanted, progress)
            if not running.new:
                raise ProxyError(f"a proxy at {running.url} was started by something else: restart it there")
            return running, True
        listeners = _taken(settings, wanted)
        if listeners:
            # One that is dead leaves nobody time to load LiteLLM first.
            serves = records.process_of(old.record) is not None
            process = launch.started(settings, environ, wanted, listeners, progress, taking_over=serves)
            running = Running(wanted.url, process, records.read(settings), new=True)
            _tell(old, signal.SIGUSR1)
        else:
            # One of a version that hands nothing over, or at another address: it stops listening first.
            with contextlib.suppress(HostError):
                records.write(settings, {**old.record, "pid": None})
            _tell(old, signal.SIGTERM)
            _await_silence(old, timeout)
            running = _start(settings, environ, wanted, progress)
    return running, _end(family, timeout)


def foreground(settings: Settings, environ: Mapping[str, str], wanted: Plan) -> int:
    """Become the proxy (on Windows: run it and return its exit code). Raises like :func:`start`."""
    config_file().check_routes(wanted.config, environ)
    with lock(settings):
        found = current(settings)
        if found:
            raise UserError(f"the proxy runs already at {found.url}: lensctl down")
        _dismiss(settings)
        seen = health(wanted.url, settings)
        if seen.state == "ours" and seen.proved:
            raise UserError(f"a proxy runs already at {wanted.url}")
        refuse_foreign(wanted.url, seen, settings)
        write_record(settings, wanted, psutil.Process())
        line, env = launch.command(wanted), launch.proxy_environment(settings, environ)
        os.chdir(settings.home)
        if os.name != "nt":
            os.execve(line[0], line, env)
    return subprocess.run(line, env=env, check=False).returncode


def stop(settings: Settings, timeout: float = STOP_TIMEOUT) -> bool | None:
    """Stop the proxy of this home folder: running requests may finish within ``timeout`` seconds.

    None: none was running; True: all finished; False: it had to be killed. Recorders are waited for after the
    proxy, so that what passed is written. A watcher that is about to bring one back is stopped too.
    """
    with lock(settings):
        found = last(settings)
        if found is None:
            return None
        family = _family(found)
        _tell(found, signal.SIGTERM)
        done = _end(family, timeout)
        # It has stopped, whether or not a full disk takes the note; its process is known by more than its id.
        with contextlib.suppress(HostError):
            records.write(settings, {**found.record, "pid": None, "watcher": None})
        return done


def kept_environment(found: Running, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment a running proxy was started with, under what the present one says."""
    kept: dict[str, str] = {}
    if found.process is not None:
        with contextlib.suppress(psutil.Error):
            kept = found.process.environ()
    if not found.record.get("own_key"):
        kept.pop("LITELLM_MASTER_KEY", None)
    return {**kept, **environ}


def bundled(record: Mapping[str, Any]) -> bool:
    """Whether a proxy serves the configuration of an installation, which nobody chose."""
    folder = Path(str(record.get("config"))).parent
    # As versions before 0.2 left it to be guessed.
    guessed = (folder.parent / "launcher.py").is_file() if folder.name == "bundle" else False
    return bool(record.get("bundled", guessed or (folder / "claude_lens" / "launcher.py").is_file()))


def refuse_foreign(url: str, seen: Health, settings: Settings) -> None:
    """Raise :class:`ProxyError` where something that is not ours answers at ``url``."""
    if seen.state == "foreign" or seen.strange:
        raise ProxyError(refusal(url, seen, settings))


def write_record(settings: Settings, wanted: Plan, process: psutil.Process) -> dict[str, Any]:
    """Write ``proxy.json`` for ``process``, which nobody watches, and return it."""
    record = {
        **launch.described(settings, wanted),
        "pid": process.pid,
        "started_at": process.create_time(),
        "start_mark": start_mark(process.pid),
        "watcher": None,
    }
    records.write(settings, record)
    return record


def _start(settings: Settings, environ: Mapping[str, str], wanted: Plan, progress: Progress) -> Running:
    found = current(settings)
    if found is not None:
        _await_health(settings, found, progress)
        return found
    listeners = _taken(settings, wanted)
    _dismiss(settings)
    if not listeners:
        seen = health(wanted.url, settings)
        refuse_foreign(wanted.url, seen, settings)
        if seen.state == "ours":
            return Running(wanted.url, None, {})
        listeners = launch.bound(wanted)
    process = launch.started(settings, environ, wanted, listeners, progress)
    return Running(wanted.url, process, records.read(settings), new=True)


def _taken(settings: Settings, wanted: Plan) -> list[socket.socket]:
    """The sockets of this home's proxy or watcher, where the plan is to serve at them."""
    listeners = handover.take(settings.home)
    if handover.serve_at(listeners, wanted.host, wanted.port):
        return listeners
    for listener in listeners:
        listener.close()
    return []


def _dismiss(settings: Settings) -> None:
    """End a watcher that waits before it brings a dead proxy back."""
    watcher = records.watcher_of(records.read(settings))
    if watcher is not None:
        with contextlib.suppress(psutil.Error):
            watcher.terminate()
            watcher.wait(WATCHER_TIMEOUT)


def _family(found: Running | None) -> list[psutil.Process]:
    """The proxy, its recorders and its watcher, those that there are."""
    if found is None:
        return []
    family: list[psutil.Process] = []
    process, watcher = records.process_of(found.record), records.watcher_of(found.record)
    if process is not None:
        with contextlib.suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
    return family + ([watcher] if watcher else [])


def _tell(found: Running, number: signal.Signals) -> None:
    """Tell the proxy to end; its watcher, where it has one, passes it on and does not bring it back."""
    process = records.watcher_of(found.record) or found.process
    if process is not None:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _await_silence(old: Running, timeout: float) -> None:
    until = time.monotonic() + timeout
    while health(old.url).state != "down" and time.monotonic() < until:
        time.sleep(launch.LOOK)


def _end(family: Sequence[psutil.Process], timeout: float) -> bool:
    """Wait for a proxy that was told to stop (the first) and its recorders; false if it had to be killed."""
    _, alive = psutil.wait_procs(family[:1], timeout=timeout)
    for patience, group in ((0.0, alive), (RECORDER_TIMEOUT, family)):
        _, left = psutil.wait_procs(group, timeout=patience)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
    return not alive


def _await_health(settings: Settings, found: Running, progress: Callable[[float], None]) -> None:
    began = time.monotonic()
    while not health(found.url, timeout=5.0).healthy:
        waited = time.monotonic() - began
        if waited > launch.START_TIMEOUT or current(settings) is None:
            what = "has ended" if current(settings) is None else f"is not healthy after {waited:.0f} s"
            raise ProxyError(launch.failure(settings, what, 0))
        progress(waited)
        time.sleep(launch.LOOK)
