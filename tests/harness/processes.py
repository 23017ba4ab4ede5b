"""Child processes that cannot outlive a test run."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).resolve().parents[2]
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE")
PR_SET_PDEATHSIG = 1


def child_environment(**more: str) -> dict[str, str]:
    """A small environment without the developer's own settings; coverage of child processes stays on."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, **more}


def on_a_full_disk(code: str, *arguments: str | Path) -> str:
    """What Python prints for ``code`` where no file grows beyond 8 bytes; there is room again at its end."""
    full = f"""
import resource, sys
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
{code}
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""
    command = [sys.executable, "-c", full, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A process in a session of its own; ``close`` ends it and everything it started."""

    def __init__(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        cwd: Path,
        stdin: bytes | None = None,
        output: IO[bytes] | None = None,
    ) -> None:
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT if output else subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self.stdin = stdin
        atexit.register(self.close)

    def wait(self, seconds: float) -> tuple[bytes, bytes]:
        """Give it its standard input and wait for its end; returns stdout and stderr."""
        try:
            out, err = self.popen.communicate(self.stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            self.close()
            out, err = self.popen.communicate()
            told = (out or b"")[-2000:] + (err or b"")[-2000:]
            raise TimeoutError(
                f"{self.popen.args!r} ran longer than {seconds} s; it said: {told!r}"
            ) from None
        self.close()
        return out or b"", err or b""

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole process group, as a terminal does."""
        os.killpg(self.popen.pid, number)

    def descendants(self) -> list[psutil.Process]:
        """The process and all it started that still run."""
        try:
            top = psutil.Process(self.popen.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def close(self, grace: float = 0.0) -> None:
        """Ask to end, wait ``grace`` seconds, then kill; also closes pipes. Does nothing the second time."""
        atexit.unregister(self.close)
        family = self.descendants() if self.popen.poll() is None else []
        if family and grace:
            self.popen.send_signal(signal.SIGTERM)
            psutil.wait_procs(family, timeout=grace)
        for process in family:
            if process.is_running():
                process.kill()
        # A child whose parent was killed is in no family any more, but still in the group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.popen.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if pipe is not None:
                pipe.close()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
