"""``lensctl`` and ``claude-lens`` as a user runs them, each time in a home folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from claude_lens import settings
from claude_lens.proxy import supervisor
from tests.harness.processes import ROOT, child_environment, free_port

# A shell starts it, as the path of this Python may hold a space, which a first line with #! does not bear.
FAKE_CLAUDE = """#!/bin/sh
"exec" "{python}" "$0" "$@"
import json, os, sys
told = {{
    "argv": sys.argv[1:],
    "env": dict(os.environ),
    "cwd": os.getcwd(),
    "stdin": "" if sys.stdin.isatty() else sys.stdin.read(),
    "pid": os.getpid(),
}}
with open({told!r}, "w") as file:
    json.dump(told, file)
print("fake claude ran")
sys.exit(7)
"""


class Lens:
    """A user: a home folder, a port, an environment, and a fake claude that tells how it was started."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.home = folder / "lens home"
        self.cwd = folder / "some project"
        self.bin = folder / "bin"
        for path in (self.cwd, self.bin):
            path.mkdir(parents=True, exist_ok=True)
        self.told_file = folder / "told.json"
        self.claude = self.bin / "claude"
        self.claude.write_text(FAKE_CLAUDE.format(python=sys.executable, told=str(self.told_file)))
        self.claude.chmod(0o755)
        self.port = free_port()
        base = child_environment(HOME=str(folder), CLAUDE_LENS_HOME=str(self.home), PORT=str(self.port))
        base["PATH"] = f"{self.bin}:{base['PATH']}"
        self.environment = {**base, **environment}

    @property
    def url(self) -> str:
        """The proxy's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> settings.Settings:
        """The settings as this user's programs see them."""
        return settings.load(self.environment)

    @property
    def told(self) -> dict[str, Any]:
        """What the fake claude saw when it ran last."""
        seen: dict[str, Any] = json.loads(self.told_file.read_text())
        return seen

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start a program; the caller waits for it."""
        return subprocess.Popen(
            [str(part) for part in command],
            env={**self.environment, **environment},
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *command: str | Path, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, not on a terminal. An empty value unsets a variable."""
        merged = {name: value for name, value in {**self.environment, **environment}.items() if value}
        line = [str(part) for part in command]
        return subprocess.run(
            line, env=merged, cwd=self.cwd, input=stdin, capture_output=True, text=True, timeout=120
        )

    def lensctl(
        self, *arguments: str, check: bool = False, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``lensctl``; with ``check`` it has to succeed."""
        done = self.run(sys.executable, "-P", "-m", "claude_lens", *arguments, **environment)
        assert not check or done.returncode == 0, f"lensctl {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def launch(
        self, *arguments: str, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``claude-lens``."""
        return self.run(sys.executable, ROOT / "bin" / "claude-lens", *arguments, stdin=stdin, **environment)

    def close(self) -> None:
        """Stop this home's proxy if one runs."""
        if self.home.is_dir():
            supervisor.stop(self.settings, 5)
