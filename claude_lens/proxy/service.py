"""The proxy at each login: a unit of the user's own systemd, or an agent of launchd.

Both run ``lensctl up``, which comes back once the proxy serves; its watcher does the rest. What was written
is taken out again without a trace.
"""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

from claude_lens.errors import HostError
from claude_lens.settings import Settings

NAME = "claude-lens"
LABEL = "io.claude-lens.proxy"
UNIT = """\
[Unit]
Description=claude-lens, the proxy that records what Claude Code says and hears

[Service]
Type=oneshot
RemainAfterExit=yes
Environment="CLAUDE_LENS_HOME={home}"
ExecStart="{python}" -P -m claude_lens up
ExecStop="{python}" -P -m claude_lens down
TimeoutStartSec=120
TimeoutStopSec=120

[Install]
WantedBy=default.target
"""


def kind() -> str:
    """``systemd`` or ``launchd``. Raises :class:`HostError` where there is neither."""
    if sys.platform == "darwin":
        return "launchd"
    if shutil.which("systemctl"):
        return "systemd"
    raise HostError("neither systemd nor launchd is here; run lensctl up where your session starts")


def file(which: str) -> Path:
    """Where the unit or agent belongs."""
    if which == "launchd":
        return Path("~/Library/LaunchAgents").expanduser() / f"{LABEL}.plist"
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "systemd" / "user" / f"{NAME}.service"


def text(which: str, settings: Settings) -> bytes:
    """What to write there. Secrets stay in ``.env`` and key file, which ``lensctl up`` reads by itself."""
    if which == "systemd":
        home, python = (
            str(path).replace("%", "%%").replace('"', '\\"') for path in (settings.home, sys.executable)
        )
        return UNIT.format(home=home, python=python).encode()
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": [sys.executable, "-P", "-m", "claude_lens", "up"],
            "EnvironmentVariables": {"CLAUDE_LENS_HOME": str(settings.home)},
            "RunAtLoad": True,
            # What `up` leaves behind is the watcher and the proxy.
            "AbandonProcessGroup": True,
        }
    )


def install(settings: Settings) -> Path:
    """Write the unit or agent and switch it on; returns the file. Raises :class:`HostError`."""
    which = kind()
    target = file(which)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text(which, settings))
    except OSError as error:
        raise HostError(f"cannot write {target}: {error.strerror}") from None
    if which == "systemd":
        _run("systemctl", "--user", "daemon-reload")
        _run("systemctl", "--user", "enable", "--now", target.name)
    else:
        _run("launchctl", "load", "-w", str(target))
    return target


def remove() -> Path | None:
    """Switch it off and take the file out; None where there was none. The proxy itself goes on."""
    which = kind()
    target = file(which)
    if not target.exists():
        return None
    if which == "systemd":
        _run("systemctl", "--user", "disable", target.name)
    else:
        _run("launchctl", "unload", "-w", str(target))
    target.unlink(missing_ok=True)
    if which == "systemd":
        _run("systemctl", "--user", "daemon-reload")
    return target


def installed() -> Path | None:
    """The file, None where nothing is installed."""
    target = file(kind())
    return target if target.exists() else None


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise HostError(f"{' '.join(command)}: {said[-1] if said else f'exit code {done.returncode}'}")
