"""A session to be recorded and played again: tools, a picture, an error, agents at once, a nested one."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.harness.client import QUIET, executable
from tests.harness.lens import Lens
from tests.harness.processes import ROOT
from tests.harness.proxy import until
from tests.upstream import Call, Reply, error, say, text, tool_use

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC"
)
CHANGED = {"a.txt": "ALPHA\nbeta\n", "new.txt": "hi\n"}


class Played:
    """Answers the session's requests; with ``agents`` it goes on to two at once, one of which nests."""

    def __init__(self, project: Path, *, agents: bool) -> None:
        self._project, self._agents = project, agents
        self._failed = False

    def script(self, call: Call) -> Reply:
        """The answer to a request."""
        body, words = call.body, "\n".join(call.prompts)
        if not body.get("tools"):
            return say(text('{"title": "A title"}'))
        if "create a detailed summary of" in json.dumps(body["messages"][-1]):
            return say(text("<summary>what was said</summary>"))
        if "MAIN" not in words and "SECOND" not in words:
            return self._agent(call, words)
        if "SECOND" in words:
            asked = any("second" in json.dumps(one) for one in _calls(body))
            return say(text("second done")) if asked else say(_bash("echo second; date"))
        return self._main(len(_calls(body)), call.turn)

    def _main(self, called: int, turn: int) -> Reply:
        path = self._project / "a.txt"
        if called == 0:
            read = [tool_use("Read", {"file_path": str(self._project / one)}) for one in ("a.txt", "p.png")]
            return say(text("reading"), *read)
        if called == 2:
            edit = {"file_path": str(path), "old_string": "alpha", "new_string": "ALPHA"}
            write = {"file_path": str(self._project / "new.txt"), "content": CHANGED["new.txt"]}
            return say(tool_use("Edit", edit), tool_use("Write", write))
        if called == 4:
            return say(_bash("cat a.txt; ls"), _bash("echo bad >&2; exit 3"))
        if called == 6 and not self._failed:
            self._failed = True
            return error(529, "Overloaded", (("retry-after", "1"),))
        if called == 6 and self._agents:
            return say(text("spawning"), _spawn("A", True), _spawn("B", True))
        return say(text(f"answered {turn}"))

    def _agent(self, call: Call, words: str) -> Reply:
        if "LEAF" in words:
            return say(_bash("echo leaf")) if call.turn == 0 else say(text("leaf report"))
        name = "A" if "AGENT-A" in words else "B"
        if call.turn == 0:
            return say(_bash(f"echo sub-{name}; sleep {0.3 if name == 'B' else 0}"))
        if call.turn == 1 and name == "A":
            return say(text("nesting"), _spawn("LEAF", False))
        return say(text(f"report {name}"))


def _calls(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        block
        for message in body["messages"]
        if message["role"] == "assistant" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "tool_use"
    ]


def _bash(command: str) -> Any:
    return tool_use("Bash", {"command": command, "description": "x"})


def _spawn(name: str, background: bool) -> Any:
    given = {"description": name, "prompt": f"AGENT-{name} look around", "subagent_type": "general-purpose"}
    return tool_use("Agent", {**given, "run_in_background": background})


def project(folder: Path) -> Path:
    """A git checkout with what the session works on."""
    found = folder / "a project"
    found.mkdir(parents=True)
    (found / "a.txt").write_text("alpha\nbeta\n")
    (found / "p.png").write_bytes(PNG)
    (found / "CLAUDE.md").write_text("Be brief.\n")
    name = ("-c", "user.name=n", "-c", "user.email=e")
    for words in (("init", "-q"), ("add", "-A"), (*name, "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=found, check=True)
    return found


def claude(user: Lens, folder: Path, *words: str, client: Path | None = None) -> dict[str, Any]:
    """``claude-lens -p WORDS`` of ``user`` in ``folder``; what it printed."""
    home = user.folder / "client home"
    home.mkdir(exist_ok=True)
    environ = {
        **user.environment,
        **QUIET,
        "HOME": str(home),
        "CLAUDE_LENS_CLAUDE": str(client or executable()),
    }
    command = [str(ROOT / "bin" / "claude-lens"), "-p", *words]
    command += ["--output-format", "json", "--dangerously-skip-permissions"]
    done = subprocess.run(
        command,
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def replay(user: Lens, *words: str, code: int = 0, client: Path | None = None) -> dict[str, Any]:
    """``lensctl replay WORDS --json`` of ``user``."""
    done = user.lensctl(
        "replay",
        *words,
        "--speed",
        "max",
        "--json",
        "--claude",
        str(client or executable()),
        HOME=str(user.folder / "client home"),
    )
    assert done.returncode == code, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["exit_code"] == code
    return told


def recorded_in(user: Lens, session: str, requests: int) -> dict[str, Any]:
    """The session as ``lensctl show`` tells it, once so many requests of it are recorded and over."""
    found: dict[str, Any] = {}

    def settled() -> bool:
        shown = user.lensctl("show", session, "--json").stdout
        found.update(json.loads(shown) if shown else {"exchanges": [], "session": {"ended_at": None}})
        return len(found["exchanges"]) >= requests and found["session"]["ended_at"] is not None

    until(settled, 60, lambda: f"not {requests} requests of session {session} are recorded")
    return found
