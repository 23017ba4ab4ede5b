"""Starts and stops the proxy process, and knows which process it is.

The home folder holds ``proxy.json`` (which process serves, and how it was started), ``proxy.log`` and
``proxy.lock``; whoever starts or stops holds the lock, so two starts at once make one proxy.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from claude_lens.errors import HostError, ProxyError, UserError
from claude_lens.proxy import config as config_file
from claude_lens.proxy import key as keys
from claude_lens.proxy import record as records
from claude_lens.proxy.health import Health, health, refusal
from claude_lens.settings import EVERYWHERE, Settings, is_loopback

START_TIMEOUT = 90.0
STOP_TIMEOUT = 60.0
DRAIN_TIMEOUT = 600.0
RECORDER_TIMEOUT = 20.0
LOG_LIMIT = 10 << 20
LOG_TAIL = 15
NOT_FOR_PROXY = (
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_OAUTH_TOKEN",
)
"""What claude reads of its environment and LiteLLM would mistake for its own."""


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
    config_file.check(found)
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


def start(
    settings: Settings,
    environ: Mapping[str, str],
    wanted: Plan,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> Running:
    """Start the proxy in the background and wait until it is healthy; one that runs already is returned.

    ``environ`` is the environment it gets; ``progress`` hears the seconds waited, several times a second.
    Raises :class:`ProxyError` with the end of the log where it does not come up.
    """
    config_file.check_routes(wanted.config, environ)
    with lock(settings):
        return _start(settings, environ, wanted, progress)


def replace(
    settings: Settings,
    environ: Mapping[str, str],
    wanted: Plan,
    timeout: float = DRAIN_TIMEOUT,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> tuple[Running, bool]:
    """Start a new proxy while the old one finishes its running requests, for at most ``timeout`` seconds.

    The old one stops listening first, so requests are refused (and tried again by the client) only as long as
    a start takes. Returns the new proxy, and false where requests had to be cut. Raises like :func:`start`.
    """
    config_file.check_routes(wanted.config, environ)
    with lock(settings):
        old = current(settings)
        family: list[psutil.Process] = []
        if old is not None and old.process is not None:
            # First, as it cannot be known again while it finishes; a full disk then stops nothing.
            records.write(settings, {**old.record, "pid": None})
            with contextlib.suppress(psutil.Error):
                family = [old.process, *old.process.children(recursive=True)]
                old.process.terminate()
            _await_silence(old, timeout)
        running = _start(settings, environ, wanted, progress)
    if not running.new:
        raise ProxyError(f"a proxy at {running.url} was started by something else: restart it there")
    return running, _end(family, timeout)


def foreground(settings: Settings, environ: Mapping[str, str], wanted: Plan) -> int:
    """Become the proxy (on Windows: run it and return its exit code). Raises like :func:`start`."""
    config_file.check_routes(wanted.config, environ)
    with lock(settings):
        found = current(settings)
        if found:
            raise UserError(f"the proxy runs already at {found.url}: lensctl down")
        seen = health(wanted.url, settings)
        if seen.state == "ours" and seen.proved:
            raise UserError(f"a proxy runs already at {wanted.url}")
        refuse_foreign(wanted.url, seen, settings)
        write_record(settings, wanted, psutil.Process())
        line, env = command(wanted), proxy_environment(settings, environ)
        os.chdir(settings.home)
        if os.name != "nt":
            os.execve(line[0], line, env)
    return subprocess.run(line, env=env, check=False).returncode


def stop(settings: Settings, timeout: float = STOP_TIMEOUT) -> bool | None:
    """Stop the proxy of this home folder: running requests may finish within ``timeout`` seconds.

    None: none was running; True: all finished; False: it had to be killed. Recorders are waited for after the
    proxy, so that what passed is written.
    """
    with lock(settings):
        found = current(settings)
        if found is None or found.process is None:
            return None
        family = [found.process]
        with contextlib.suppress(psutil.Error):
            family += found.process.children(recursive=True)
            found.process.terminate()
        done = _end(family, timeout)
        # It has stopped, whether or not a full disk takes the note; its process is known by more than its id.
        with contextlib.suppress(HostError):
            records.write(settings, {**found.record, "pid": None})
        return done


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


def kept_environment(found: Running, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment a running proxy was started with, under what the present one says."""
    kept: dict[str, str] = {}
    if found.process is not None:
        with contextlib.suppress(psutil.Error):
            kept = found.process.environ()
    if not found.record.get("own_key"):
        kept.pop("LITELLM_MASTER_KEY", None)
    return {**kept, **environ}


def refuse_foreign(url: str, seen: Health, settings: Settings) -> None:
    """Raise :class:`ProxyError` where something that is not ours answers at ``url``."""
    if seen.state == "foreign" or seen.strange:
        raise ProxyError(refusal(url, seen, settings))


@contextlib.contextmanager
def lock(settings: Settings, timeout: float = START_TIMEOUT + 10) -> Iterator[None]:
    """Hold the home folder's lock. Raises :class:`ProxyError` where it is not free in ``timeout`` seconds."""
    file = keys.home_folder(settings) / "proxy.lock"
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HostError(f"cannot write {file}: {error.strerror}") from None
    try:
        deadline = time.monotonic() + timeout
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise ProxyError(f"another start or stop holds {file} for {timeout:g} s")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def write_record(settings: Settings, wanted: Plan, process: psutil.Process) -> dict[str, Any]:
    """Write ``proxy.json`` for ``process`` and return it."""
    record = {
        "pid": process.pid,
        "started_at": process.create_time(),
        "start_mark": records.start_mark(process.pid),
        "url": wanted.url,
        "host": wanted.host,
        "port": wanted.port,
        "config": str(wanted.config),
        "python": sys.executable,
        "tls_cert": str(wanted.tls_cert) if wanted.tls_cert else None,
        "tls_key": str(wanted.tls_key) if wanted.tls_key else None,
        "own_key": settings.master_key is not None,
    }
    records.write(settings, record)
    return record


def log_tail(settings: Settings, lines: int = LOG_TAIL, offset: int = 0) -> list[str]:
    """The last lines of the proxy's log that begin at or after ``offset`` bytes."""
    file = settings.home / "proxy.log"
    if not file.is_file():
        return []
    with file.open("rb") as log:
        log.seek(max(offset, file.stat().st_size - (256 << 10)))
        return log.read().decode("utf-8", "replace").splitlines()[-lines:]


def _start(
    settings: Settings, environ: Mapping[str, str], wanted: Plan, progress: Callable[[float], None]
) -> Running:
    found = current(settings)
    if found is not None:
        _await_health(settings, found, lambda: None if current(settings) else -1, 0, progress)
        return found
    seen = health(wanted.url, settings)
    refuse_foreign(wanted.url, seen, settings)
    if seen.state == "ours":
        return Running(wanted.url, None, {})
    offset, child = _spawn(settings, environ, wanted)
    process = psutil.Process(child.pid)
    try:
        made = Running(wanted.url, process, write_record(settings, wanted, process), new=True)
    except HostError:
        # Nobody would know it again.
        child.kill()
        child.wait()
        raise
    _await_health(settings, made, child.poll, offset, progress)
    return made


def _await_silence(old: Running, timeout: float) -> None:
    until = time.monotonic() + timeout
    while health(old.url).state != "down" and time.monotonic() < until:
        time.sleep(0.05)


def _end(family: Sequence[psutil.Process], timeout: float) -> bool:
    """Wait for a proxy that was told to stop (the first) and its recorders; false if it had to be killed."""
    _, alive = psutil.wait_procs(family[:1], timeout=timeout)
    for patience, group in ((0.0, alive), (RECORDER_TIMEOUT, family)):
        _, left = psutil.wait_procs(group, timeout=patience)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
    return not alive


def _spawn(
    settings: Settings, environ: Mapping[str, str], wanted: Plan
) -> tuple[int, subprocess.Popen[bytes]]:
    with os.fdopen(_open_log(settings), "ab") as output:
        offset = output.tell()
        child = subprocess.Popen(
            command(wanted),
            env=proxy_environment(settings, environ),
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return offset, child


def _await_health(
    settings: Settings,
    found: Running,
    ended: Callable[[], int | None],
    offset: int,
    progress: Callable[[float], None],
) -> None:
    began = time.monotonic()
    while not health(found.url, timeout=5.0).healthy:
        code, waited = ended(), time.monotonic() - began
        if code is not None or waited > START_TIMEOUT:
            what = f"ended with code {code}" if code is not None else f"is not healthy after {waited:.0f} s"
            tail = log_tail(settings, offset=offset)
            quoted = "".join(f"\n  {line}" for line in tail) or "\n  (the log is empty)"
            if code is None and found.new and found.process is not None:
                found.process.kill()
            raise ProxyError(f"the proxy {what}; the end of {settings.home / 'proxy.log'}:{quoted}")
        progress(waited)
        time.sleep(0.05)


def _open_log(settings: Settings) -> int:
    file = settings.home / "proxy.log"
    with contextlib.suppress(FileNotFoundError):
        if file.stat().st_size > LOG_LIMIT:
            file.replace(file.with_suffix(".log.1"))
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise HostError(f"cannot write {file}: {error.strerror}") from None


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
