"""What stands between client and provider in the benchmarks, each a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.load import Target

ROOT = Path(__file__).resolve().parents[1]
KEY = "sk-benchmark-master-key-0001"
DIRECT, LENS, OFF, LITELLM, TAP = "direct", "claude-lens", "claude-lens off", "litellm", "claude-tap"
START = 120.0
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "claude-lens" / "benchmarks"
TAP_VERSION = "0.1.146"
FLOOR, NGINX, MITM = "uvloop floor", "nginx", "mitmproxy"
MITM_VERSION = "11.0.2"
NGINX_CONFIG = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024; client_max_body_size 0; client_body_buffer_size 2m;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What has been recorded so far, what of it was dropped, and how much waits."""

    recorded: int = 0
    dropped: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Contender:
    """A running one. ``process`` is None for the direct way."""

    name: str
    target: Target
    process: psutil.Process | None = None

    def family(self) -> list[psutil.Process]:
        """The process and its children."""
        return [self.process, *self.process.children(recursive=True)] if self.process else []

    def cpu(self) -> tuple[float, float]:
        """Seconds of processor time so far: of the process itself, and of its children."""
        spent = [sum(one.cpu_times()[:2]) for one in self.family()]
        return (spent[0], sum(spent[1:])) if spent else (0.0, 0.0)

    def megabytes(self) -> float:
        """Memory of all its processes, what they share divided among them (PSS)."""
        return sum(one.memory_full_info().pss for one in self.family()) / 2**20

    def counted(self) -> Counted:
        """What claude-lens says of its records; nothing for the others, which tell nothing."""
        told: dict[str, Any] = self.recording()
        if not told:
            return Counted()
        waiting = max(int(told["queued"]), int(told["waiting"])) + int(told["running"])
        return Counted(int(told["recorded"]), int(told["dropped"]), waiting)

    def recording(self) -> dict[str, Any]:
        """claude-lens's counters; empty for the others."""
        if not self.name.startswith(LENS):
            return {}
        url = f"http://127.0.0.1:{self.target.port}/claude-lens/status"
        found: dict[str, Any] = httpx.get(url, headers={"x-litellm-api-key": KEY}, timeout=30).json()[
            "recording"
        ]
        return found

    def ready(self) -> bool:
        """Whether it has started, LiteLLM included where that is on its way. Raises ``OSError``."""
        with socket.create_connection(("127.0.0.1", self.target.port), 1):
            if not self.name.startswith(LENS):
                return True
        found = httpx.get(f"http://127.0.0.1:{self.target.port}/health", timeout=30).json()
        return bool(found.get("litellm", "ready") != "loading")

    def settle(self, seconds: float = 300.0) -> None:
        """Wait until everything is recorded, so that nobody's work falls into another's turn."""
        until = time.monotonic() + seconds
        while (found := self.counted()).waiting:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} does not settle: {found}")
            time.sleep(0.05)


def free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def installed(package: str, version: str, program: str) -> Path:
    """A package's program in a virtual environment of its own, installed where it is missing.

    Raises ``CalledProcessError`` where it cannot be.
    """
    home = CACHE / f"{package}-{version}"
    found = home / "bin" / program
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        wanted = f"{package}=={version}"
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", wanted], check=True)
    return found


def missing(name: str) -> bool:
    """Whether a contender cannot be had on this machine."""
    if name == NGINX:
        return shutil.which("nginx") is None
    if name != MITM:
        return False
    try:
        installed("mitmproxy", MITM_VERSION, "mitmdump")
    except subprocess.CalledProcessError:
        return True
    return False


@contextmanager
def running(folder: Path, names: tuple[str, ...]) -> Iterator[dict[str, Contender]]:
    """The provider, and everyone named before it, until the block ends."""
    with ExitStack() as stack:
        provider = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.load"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        assert provider.stdout
        stack.callback(provider.kill)
        port = int(provider.stdout.readline())
        found = {DIRECT: Contender(DIRECT, Target(port, KEY))}
        for name in names:
            found[name] = _start(name, f"http://127.0.0.1:{port}", folder, stack)
        for contender in found.values():
            _await(contender)
        yield {DIRECT: found[DIRECT], **{name: found[name] for name in names}}


def _start(name: str, upstream: str, folder: Path, stack: ExitStack) -> Contender:
    home, port = folder / name.replace(" ", "-"), free_port()
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CLAUDE_LENS_HOME": str(home),
        "CLAUDE_LENS_TRANSPARENT": "off" if name == OFF else "auto",
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "ANTHROPIC_API_KEY": "sk-ant-benchmark",
        "ANTHROPIC_FORWARD_URL": upstream,
        "ANTHROPIC_API_BASE": upstream,
    }
    log = stack.enter_context((home / "log").open("ab"))
    process = subprocess.Popen(
        _command(name, port, upstream, home),
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    stack.callback(_end, process)
    return Contender(name, Target(port, KEY), psutil.Process(process.pid))


def _command(name: str, port: int, upstream: str, home: Path) -> list[str]:
    if name == TAP:
        options = ["--tap-no-launch", "--tap-host", "127.0.0.1", "--tap-no-live", "--tap-no-open"]
        options += ["--tap-port", str(port), "--tap-target", upstream]
        return [str(installed("claude-tap", TAP_VERSION, "claude-tap")), *options]
    if name == FLOOR:
        return [sys.executable, str(ROOT / "benchmarks" / "floor.py"), str(port), upstream.rpartition(":")[2]]
    if name == NGINX:
        config = home / "nginx.conf"
        told = NGINX_CONFIG.format(home=home, port=port, upstream=upstream.rpartition(":")[2])
        config.write_text(told, encoding="utf-8")
        return ["nginx", "-p", str(home), "-c", str(config)]
    if name == MITM:
        options = ["-q", "--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "-p", str(port)]
        # Written down as they pass, and streamed as a client needs it.
        options += ["--set", "stream_large_bodies=1", "-w", str(home / "flows")]
        return [str(installed("mitmproxy", MITM_VERSION, "mitmdump")), *options]
    if name == LITELLM:
        config = home / "stock.yaml"
        ours = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8").splitlines()
        config.write_text("\n".join(line for line in ours if "callbacks" not in line), encoding="utf-8")
        program = [str(Path(sys.executable).with_name("litellm")), "--host", "127.0.0.1"]
    else:
        config = ROOT / "litellm_config.yaml"
        program = [sys.executable, "-P", "-m", "claude_lens.capture.server"]
    return [*program, "--config", str(config), "--port", str(port)]


def _await(contender: Contender) -> None:
    until = time.monotonic() + START
    while True:
        try:
            if contender.ready():
                return
        except OSError:
            pass
        if time.monotonic() > until or (contender.process and not contender.process.is_running()):
            raise TimeoutError(f"{contender.name} did not start")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
