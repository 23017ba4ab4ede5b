"""What ``lensctl doctor`` checks: functions of the settings; adding one is a line in ``CHECKS``."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from claude_lens import descriptors
from claude_lens import settings as setting_table
from claude_lens.errors import LensError
from claude_lens.launcher import Place, Problem, build_of, find_claude
from claude_lens.proxy import config, key, supervisor
from claude_lens.proxy.health import health, outdated, refusal, status
from claude_lens.proxy.status import address
from claude_lens.settings import PACKAGE, Settings, is_loopback

FREE_SPACE = 500 << 20
DELETING = 64 << 20
PROBE = 1 << 20
COMPARED = 20
"""So many of the newest sessions are compared with what their client says."""
FAILED = "LiteLLM cannot be loaded: only Claude's own requests are answered"
CLAUDE_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Check:
    """A finding: ``todo`` says what to do where ``ok`` is false."""

    name: str
    ok: bool
    detail: str
    todo: str = ""


def run() -> list[Check]:
    """All checks, in order. A bad setting ends them, as nothing else can be judged then. Never raises."""
    try:
        settings = setting_table.load()
    except LensError as error:
        return [Check("settings", False, str(error), "correct it in the environment or in the .env file")]
    return [
        Check("settings", True, "; ".join([f"home is {settings.home}", *_conflicts()])),
        *(_safe(check, settings) for check in CHECKS),
    ]


def _conflicts() -> list[str]:
    return setting_table.conflicts(setting_table.environment())


def claude(settings: Settings) -> Check:
    """The program is there and runs."""
    try:
        program = find_claude(Place(os.environ))
    except Problem as problem:
        return Check("claude", False, str(problem).split("\n")[0], "npm install -g @anthropic-ai/claude-code")
    done = subprocess.run(
        [program, "--version"],
        capture_output=True,
        text=True,
        timeout=CLAUDE_TIMEOUT,
        stdin=subprocess.DEVNULL,
    )
    said = (done.stdout or done.stderr).strip().split("\n")[0]
    if done.returncode:
        return Check("claude", False, f"{program} --version fails: {said}", "install Claude Code anew")
    return Check("claude", True, f"{program}, {said}")


def proxy(settings: Settings) -> Check:
    """It is healthy, or can be started."""
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    seen = health(url, settings)
    if seen.strange or (seen.state == "foreign" and is_loopback(url)):
        told, _, todo = refusal(url, seen, settings).partition("\n")
        return Check("proxy", False, told, todo)
    if seen.healthy and seen.detail.get("litellm") == "failed":
        return Check("proxy", False, f"healthy at {url}, but {FAILED}", "lensctl logs says why")
    if seen.healthy:
        return Check(
            "proxy", True, f"healthy at {url}, version {seen.detail.get('version')}, process {seen.pid}"
        )
    if seen.state == "ours" or running:
        return Check("proxy", False, f"at {url} it is not healthy", "lensctl logs, then lensctl restart")
    if seen.state == "down" and is_loopback(url) and settings.autostart:
        return Check("proxy", True, f"not running at {url}; claude-lens starts it")
    todo = "lensctl up" if is_loopback(url) else "check CLAUDE_LENS_URL, or start it there"
    return Check("proxy", False, f"{url}: {seen.said}", todo)


def keys(settings: Settings) -> Check:
    """There is one, it is private, and a running proxy takes it."""
    if problem := key.refused(settings, setting_table.environment()):
        return Check("key", False, problem, key.ADVICE)
    used = settings.key or key.existing(settings)
    if used is None:
        if not is_loopback(settings.url):
            return Check("key", False, f"none for {settings.url}", "set CLAUDE_LENS_KEY")
        return Check("key", True, "none yet; the first start generates one")
    file = key.key_file(settings)
    if os.name != "nt" and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Check("key", False, f"others can read {file}", f"chmod 600 {file}")
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    seen = health(url, settings)
    if settings.key is None and seen.strange:
        return Check(
            "key", False, f"the proxy at {url} refuses {key.masked(used)}", "see the line on the proxy"
        )
    if settings.key is None and seen.healthy and status(url, used) is None:
        return Check("key", False, f"the proxy at {url} refuses {key.masked(used)}", "lensctl restart")
    return Check("key", True, key.masked(used))


def provider(settings: Settings) -> Check:
    """Somebody brings a credential for the provider."""
    environ = setting_table.environment()
    if environ.get("ANTHROPIC_API_KEY"):
        return Check("provider key", True, "ANTHROPIC_API_KEY is set")
    return Check("provider key", True, "no ANTHROPIC_API_KEY; the client's own login is used")


def configuration(settings: Settings) -> Check:
    """The file is there and makes sense."""
    if settings.config is None:
        return Check("config", False, "no litellm_config.yaml found", "name one in CLAUDE_LENS_CONFIG")
    try:
        config.check(settings.config)
        config.check_routes(settings.config, setting_table.environment())
    except LensError as error:
        return Check("config", False, str(error), "correct that line")
    return Check("config", True, str(settings.config))


def models(settings: Settings) -> Check:
    """Every model of the configuration has the key of its provider."""
    from claude_lens.agents.needs import missing

    found = missing(settings.config, setting_table.environment()) if settings.config else {}
    if not found:
        return Check("models", True, "every provider has its key")
    detail = "; ".join(f"{name} is not set, for {', '.join(uses[:3])}" for name, uses in found.items())
    return Check("models", False, detail, f"set {', '.join(found)} in the environment or in .env")


def home(settings: Settings) -> Check:
    """The folder is private and has room."""
    folder = settings.home
    if not folder.exists():
        return _room(next(one for one in folder.parents if one.exists()), f"{folder} will be created")
    if os.name != "nt" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check("home", False, f"others can look into {folder}", f"chmod 700 {folder}")
    return _room(folder, str(folder))


def _room(folder: Path, what: str) -> Check:
    """Whether something can be written below ``folder``: that alone shows a full disk or quota."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        todo = "free space on that disk" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else ""
        todo = todo or "correct its owner or mode, or choose another folder in CLAUDE_LENS_HOME"
        return Check("home", False, f"{folder} cannot be written to: {error.strerror}", todo)
    free = shutil.disk_usage(folder).free
    if free < DELETING:
        hint = f"free {DELETING >> 20} MB by other means, then run lensctl prune: deleting needs some room"
        return Check("home", False, f"{free >> 20} MB free", hint)
    if free < FREE_SPACE:
        return Check("home", False, f"{free >> 20} MB free", "free some space: lensctl prune")
    return Check("home", True, f"{what}, {free >> 30} GB free")


def database(settings: Settings) -> Check:
    """It opens, and its schema is one we know."""
    from claude_lens.store import database as store

    url = store.parse(settings.database_url)
    shown = address(settings)
    file = store.file_of(url)
    if file is not None and not file.exists():
        return Check("database", True, f"{shown} will be created")
    engine = store.open_reader(url)
    if engine is None:
        return Check("database", True, f"{shown} is empty yet")
    try:
        with engine.connect() as connection:
            found = store.version(connection)
    finally:
        engine.dispose()
    return Check("database", True, f"{shown}, schema {found}")


def ports(settings: Settings) -> Check:
    """The dashboard's port is free, or at least not the proxy's."""
    if settings.web_port == settings.port:
        return Check(
            "ports", False, f"PORT and WEB_PORT are both {settings.port}", "set one of them to another"
        )
    if (
        supervisor.current(settings) is None
        and is_loopback(settings.url)
        and health(settings.url).state == "down"
    ):
        try:
            with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            return Check("ports", False, f"cannot listen on {where}: {error.strerror}", "choose another PORT")
    return Check("ports", True, f"{settings.port} for the proxy, {settings.web_port} for the dashboard")


def files(settings: Settings) -> Check:
    """A proxy may open as many files and sockets as a session with many agents takes."""
    limit, where = descriptors.highest(), "this shell allows"
    seen = supervisor.current(settings)
    if seen is not None and (used := settings.key or key.existing(settings)):
        told = (
            (status(seen.url, used) or {}).get("connections") if health(seen.url, settings).proved else None
        )
        if isinstance(told, Mapping):
            limit, where = int(told["descriptors"]), "the proxy has"
    if limit < descriptors.ENOUGH:
        most = descriptors.connections(limit)
        todo = f"allow {descriptors.ENOUGH} (ulimit -Hn, limits.conf, LimitNOFILE), then lensctl restart"
        return Check("files", False, f"{where} {limit} file descriptors: {most} clients at once", todo)
    return Check("files", True, f"{where} {'no limit' if limit == sys.maxsize else limit} file descriptors")


def versions(settings: Settings) -> Check:
    """Python and LiteLLM are ones we support; the proxy runs the code that is installed."""
    from packaging.requirements import Requirement

    python = ".".join(map(str, sys.version_info[:3]))
    litellm, own = importlib.metadata.version("litellm"), importlib.metadata.version("claude-lens")
    wanted = [Requirement(line) for line in importlib.metadata.requires("claude-lens") or ()]
    newer = ""
    for requirement in wanted:
        if requirement.name == "litellm" and not requirement.specifier.contains(litellm):
            todo = f"pip install 'litellm[proxy]{requirement.specifier}'"
            if not _is_newer(litellm, (bound.version for bound in requirement.specifier)):
                return Check("versions", False, f"LiteLLM {litellm} is not one we support", todo)
            newer = f" (newer than what we have tested: {requirement.specifier})"
            if lost := _lost_lane(settings):
                return Check("versions", False, f"LiteLLM {litellm}{newer}: {lost}", todo)
    running = supervisor.current(settings)
    seen = health(running.url) if running else None
    if seen and seen.healthy and outdated(seen):
        runs = f"version {seen.detail.get('version')}, build {seen.detail.get('build')}"
        said = f"the proxy still runs {runs}; {own}, build {build_of(str(PACKAGE))}, is installed"
        return Check("versions", False, said, "lensctl restart")
    return Check("versions", True, f"claude-lens {own}, LiteLLM {litellm}{newer}, Python {python}")


def _is_newer(version: str, bounds: Iterable[str]) -> bool:
    from packaging.version import Version

    return all(Version(version) > Version(bound) for bound in bounds)


def _lost_lane(settings: Settings) -> str:
    """Why no request goes to Anthropic byte for byte any more; empty where some do, or nothing is known."""
    seen, used = supervisor.current(settings), settings.key or key.existing(settings)
    running = seen is not None and used and health(seen.url, settings).proved
    lanes = ((status(seen.url, used) if seen and used and running else None) or {}).get("lanes") or {}
    if any(lane.startswith("transparent") for lane in lanes):
        return ""
    return next((lane.removeprefix("translated: ") for lane in lanes if "callback" in lane), "")


def tracing(settings: Settings) -> Check:
    """A backend that is set takes a test span."""
    from claude_lens.tracing.probe import send_test_span

    ok, said = send_test_span(settings)
    todo = "" if ok else "check the ARIZE_… or OTEL_EXPORTER_OTLP_… variables, and that the backend runs"
    return Check("tracing", ok, said, todo)


def costs(settings: Settings) -> Check:
    """What the newest sessions cost by Claude Code's own totals, and as recorded.

    Told, not judged: a session may have begun without the proxy.
    """
    from claude_lens.store.reading.queries import open_reader
    from claude_lens.store.transfer import client_costs, transcripts

    with open_reader(settings) as reader:
        found = list(client_costs.compared(reader, transcripts.folder(os.environ), COMPARED))
    said = "; ".join(client_costs.summary(found))
    return Check("costs", True, said or "no transcript here has a total of Claude Code's own")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    claude,
    configuration,
    models,
    home,
    keys,
    provider,
    database,
    ports,
    proxy,
    files,
    versions,
    tracing,
    costs,
)


def _safe(check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except (LensError, OSError, subprocess.SubprocessError, importlib.metadata.PackageNotFoundError) as error:
        said = re.sub(r"\s+", " ", str(error))
        return Check(check.__name__, False, said, "see the message")
