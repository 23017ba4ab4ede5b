"""The real Claude CLI, run directly against an upstream or through ``claude-lens``."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.processes import ROOT, Child, child_environment
from tests.harness.proxy import Proxy

MODEL = "claude-sonnet-4-5-20250929"
CLIENT_TOKEN = "sk-ant-RECOGNISABLE-client-token-0003"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "IS_SANDBOX": "1",
    "ANTHROPIC_MODEL": MODEL,
}
HINTS = {"CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1", "ENABLE_TOOL_SEARCH": "true"}
OPTIONS = ("--output-format", "json", "--dangerously-skip-permissions")


def executable() -> Path:
    """The CLI that set-up installed; raises FileNotFoundError with what to do."""
    native = sorted((ROOT / "node_modules").glob("@anthropic-ai/claude-code-*/claude*"))
    linked = ROOT / "node_modules" / ".bin" / "claude"
    for candidate in [linked, *native, Path(shutil.which("claude") or "")]:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError("the Claude CLI is not installed: run `make setup`")


@dataclass(frozen=True, slots=True)
class Run:
    """How the client ended. ``json`` is what it printed, empty where it printed nothing."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The result object."""
        found: dict[str, Any] = json.loads(self.stdout) if self.stdout.strip() else {}
        return found

    def told(self) -> dict[str, Any]:
        """What a user sees, without what differs from run to run (ids, durations)."""
        names = (
            "type",
            "subtype",
            "is_error",
            "result",
            "num_turns",
            "stop_reason",
            "usage",
            "total_cost_usd",
        )
        more = ("subagent_stats", "modelUsage", "permission_denials", "api_error_status", "terminal_reason")
        return {name: self.json.get(name) for name in (*names, *more)} | {"code": self.code}


class Claude:
    """A client with fresh HOME and working directory; with ``proxy`` it goes through ``bin/claude-lens``.

    ``via``: the proxy's address, where something stands in between.
    """

    def __init__(
        self, folder: Path, upstream: str, proxy: Proxy | None = None, via: str | None = None
    ) -> None:
        self.proxy = proxy
        self.home = folder / "client home"
        self.cwd = folder / "project"
        for path in (self.home, self.cwd):
            path.mkdir(parents=True, exist_ok=True)
        if proxy is None:
            way = {"ANTHROPIC_BASE_URL": upstream, "ANTHROPIC_AUTH_TOKEN": CLIENT_TOKEN, **HINTS}
        else:
            way = {
                "CLAUDE_LENS_HOME": str(proxy.home),
                "CLAUDE_LENS_URL": via or proxy.url,
                "CLAUDE_LENS_CLAUDE": str(executable()),
                "CLAUDE_LENS_AUTOSTART": "0",
                "LITELLM_MASTER_KEY": proxy.key,
                # What stands in between passes the proof on and cannot give its own, as a tunnel.
                **({"CLAUDE_LENS_TRUSTED_URL": via} if via else {}),
            }
        self.environment = child_environment(HOME=str(self.home), **QUIET, **way)

    def start(self, *arguments: str, stdin: str | None = None, **environment: str) -> Child:
        """Start ``claude -p ARGUMENTS`` with JSON output."""
        program = executable() if self.proxy is None else ROOT / "bin" / "claude-lens"
        given = None if stdin is None else stdin.encode()
        command: list[str | Path] = [program, "-p", *arguments, *OPTIONS]
        return Child(command, {**self.environment, **environment}, self.cwd, stdin=given)

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 90, **environment: str) -> Run:
        """Run to the end."""
        return finish(self.start(*arguments, stdin=stdin, **environment), seconds)


def finish(child: Child, seconds: float = 90) -> Run:
    """Wait for a started client."""
    out, err = child.wait(seconds)
    return Run(child.popen.returncode, out.decode(), err.decode())
