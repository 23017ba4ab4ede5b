"""Sets the demo up in a temporary folder, runs it, and takes everything down again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from claude_lens import settings as setting_table
from claude_lens.demo import client
from claude_lens.demo.provider import Provider
from claude_lens.errors import UserError
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor
from claude_lens.settings import Settings

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
"""All of the user's environment that the demo sees: no key, no address, no setting of theirs gets in."""
STOP_TIMEOUT = 10.0
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "IS_SANDBOX": "1",
}


def run(folder: Path, real: bool, say: Callable[[str], None]) -> Settings:
    """Play the session inside ``folder``; returns the settings under which its store can be read.

    ``real``: use Claude Code where there is one. Whatever happens, nothing runs any more afterwards.
    """
    source = setting_table.find_config(folder / "nowhere")
    if source is None:
        raise UserError("litellm_config.yaml is missing from this installation")
    home, project = folder / "lens", _project(folder)
    home.mkdir(mode=0o700)
    config = shutil.copy(source, home / source.name)
    program = client.find(os.environ) if real else None
    with Provider() as provider:
        environ = _environment(folder, home, provider.url)
        settings = setting_table.parse(environ, Path(config))
        say("starting a proxy in front of a scripted provider")
        try:
            running = supervisor.start(settings, environ, supervisor.plan(settings))
            if program:
                say(f"running {program}")
                answer = client.run_claude(program, sys.executable, environ, project)
            else:
                say("no claude found: sending the requests it would send")
                answer = client.run_requests(running.url, keys.proxy_key(settings), project)
        finally:
            supervisor.stop(settings, STOP_TIMEOUT)
    say(f"it says: {answer}")
    return settings


@contextmanager
def temporary(keep: bool) -> Iterator[Path]:
    """A folder that is gone afterwards unless it is to be kept; SIGTERM unwinds like Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="claude-lens-demo-"))
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield folder
    finally:
        signal.signal(signal.SIGTERM, before)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, home: Path, upstream: str) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    passed |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        **passed,
        **QUIET,
        "HOME": str(folder),
        "USERPROFILE": str(folder),
        "CLAUDE_LENS_HOME": str(home),
        "CLAUDE_LENS_URL": f"http://127.0.0.1:{port}",
        "CLAUDE_LENS_AUTOSTART": "0",
        "ANTHROPIC_FORWARD_URL": upstream,
        "ANTHROPIC_API_KEY": "sk-ant-demo",
    }


def _project(folder: Path) -> Path:
    project = folder / "project"
    (project / "notes").mkdir(parents=True)
    (project / "README.md").write_text("# A project\n", encoding="utf-8")
    for name in ("one", "two", "three"):
        (project / "notes" / f"{name}.md").write_text(f"{name}\n", encoding="utf-8")
    return project


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
