"""A real proxy process with a home of its own, and what it has recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from tests.harness.processes import ROOT, Child, child_environment, free_port

KEY = "sk-lens-RECOGNISABLE-master-key-0001"
PROVIDER_KEY = "sk-ant-RECOGNISABLE-provider-key-0002"
SECRETS = (KEY, PROVIDER_KEY)
START = 120.0
SETTLE = 20.0


class Proxy:
    """``python -m claude_lens.capture.server`` on a free port, as ``lensctl up`` starts it.

    ``settings`` are added to its environment. ``config`` defaults to the configuration of the checkout.
    """

    def __init__(self, home: Path, upstream: str, config: Path | None = None, **settings: str) -> None:
        self.home = home
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = settings.get("LITELLM_MASTER_KEY", KEY)
        self.log = home / "proxy.log"
        self.config = config or ROOT / "litellm_config.yaml"
        self.environment = child_environment(
            **{
                "HOME": str(home),
                "CLAUDE_LENS_HOME": str(home),
                "CLAUDE_LENS_STRICT": "1",
                "CLAUDE_LENS_URL": self.url,
                "LITELLM_MASTER_KEY": KEY,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "ANTHROPIC_FORWARD_URL": upstream,
                "ANTHROPIC_API_KEY": PROVIDER_KEY,
                "PYTHONUNBUFFERED": "1",
                **settings,
            }
        )
        self.before: list[str] = []
        """A program that runs the proxy's command line, as ``prlimit`` does."""
        self._child: Child | None = None
        self._orphans: list[psutil.Process] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def child(self) -> Child:
        """The running process."""
        assert self._child is not None, "the proxy is not running"
        return self._child

    def start(self, early: bool = False) -> None:
        """Start and wait until healthy with LiteLLM loaded, if it is to be; raises RuntimeError with the log.

        ``early``: return when healthy, whatever LiteLLM does.
        """
        command = [sys.executable, "-P", "-m", "claude_lens.capture.server", "--config", str(self.config)]
        with self.log.open("ab") as output:
            self._child = Child(
                [*self.before, *command, "--port", str(self.port)], self.environment, self.home, output=output
            )
        until = time.monotonic() + START
        while not (self.healthy() if early else self.ready() or self.on_demand()):
            if self.child.popen.poll() is not None or time.monotonic() > until:
                self.close()
                raise RuntimeError(f"the proxy did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02 if early else 0.1)

    def healthy(self) -> bool:
        """Whether ``/health`` says so."""
        return self.health().get("status") == "healthy"

    def ready(self) -> bool:
        """Whether it is healthy and LiteLLM is loaded."""
        health = self.health()
        return (health.get("status"), health.get("litellm")) == ("healthy", "ready")

    def on_demand(self) -> bool:
        """Whether LiteLLM waits to be needed."""
        return self.health().get("litellm") == "on_demand"

    def health(self) -> dict[str, Any]:
        """What ``/health`` says; empty where nothing answers."""
        try:
            found: dict[str, Any] = httpx.get(self.url + "/health", timeout=2).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return found

    def close(self, grace: float = 30.0) -> None:
        """End it as ``lensctl down`` does, and wait; recorders of a killed proxy get the same time."""
        if self._child is not None:
            self._child.close(grace)
        for process in psutil.wait_procs(self._orphans, timeout=grace)[1]:
            process.kill()
        self._orphans.clear()

    def kill(self, recorder: bool = False) -> None:
        """SIGKILL to the proxy process, as the kernel does when memory runs out; returns when all is over."""
        family = self.child.descendants()
        self._orphans += family[1:]
        for process in family if recorder else family[:1]:
            process.kill()
        self.child.popen.wait()
        psutil.wait_procs(family, timeout=20)

    def descriptors(self) -> int:
        """How many file descriptors the process has open."""
        return psutil.Process(self.child.popen.pid).num_fds()

    def status(self) -> dict[str, Any]:
        """The counters of ``GET /claude-lens/status``."""
        answer = httpx.get(
            self.url + "/claude-lens/status", headers={"x-litellm-api-key": self.key}, timeout=10
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def assert_sound(self) -> None:
        """No fault counted, nothing dropped, no recorder restarted."""
        recording = self.status()["recording"]
        assert recording["faults"] == {}, recording
        assert recording["failing"] == []
        assert (recording["dropped"], recording["restarts"]) == (0, 0)

    def post(self, body: Any, path: str = "/v1/messages", **headers: str) -> httpx.Response:
        """One request with the proxy's key."""
        sent = {"x-api-key": self.key, "anthropic-version": "2023-06-01", **headers}
        return httpx.post(self.url + path, json=body, headers=sent, timeout=60)

    def lensctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``lensctl`` against this proxy's home."""
        command = [sys.executable, "-P", "-m", "claude_lens.cli", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=60
        )
        assert not check or done.returncode == 0, f"lensctl {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def show(self, what: str = "last") -> dict[str, Any]:
        """``lensctl show WHAT --json``."""
        shown: dict[str, Any] = json.loads(self.lensctl("show", what, "--json").stdout)
        return shown

    def settled(self, seconds: float = SETTLE) -> None:
        """Return once nothing runs or waits to be recorded; raises TimeoutError with the counters."""
        recording: dict[str, Any] = {}

        def idle() -> bool:
            recording.update(self.status()["recording"])
            return not (recording["queued"] or recording["running"])

        until(idle, seconds, lambda: f"not settled: {recording}")

    def files(self) -> list[Path]:
        """Every file in the home folder."""
        return [path for path in self.home.rglob("*") if path.is_file()]


def until(ready: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Wait for a condition; raises TimeoutError with ``what()``."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(what())
        time.sleep(0.05)
