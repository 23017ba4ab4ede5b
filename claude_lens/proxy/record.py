"""``proxy.json`` in the home folder: which process serves, and how it was started.

A process counts as ours only if its id, its start and its command line all agree with what is written there.
The start is told by a clock that nobody sets, where the system has one.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from claude_lens.errors import HostError
from claude_lens.settings import Settings

MODULE = "claude_lens.capture.server"
"""What a proxy runs, and by which its command line is known."""


def read(settings: Settings) -> dict[str, Any]:
    """``proxy.json``, empty where there is none or it is damaged."""
    try:
        record = json.loads((settings.home / "proxy.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write(settings: Settings, record: Mapping[str, Any]) -> None:
    """Replace ``proxy.json`` at once. Raises :class:`HostError`."""
    file = settings.home / "proxy.json"
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as output:
            json.dump(record, output, indent=2)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise HostError(f"cannot write {file}: {error.strerror}") from None


def process_of(record: Mapping[str, Any]) -> psutil.Process | None:
    """The process that ``record`` names; None where it has ended or its id is another's by now."""
    pid, started = record.get("pid"), record.get("started_at")
    if not isinstance(pid, int) or not isinstance(started, int | float):
        return None
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        mark = start_mark(pid)
        if mark is None or record.get("start_mark") is None:
            same = abs(process.create_time() - started) < 1
        else:
            same = record["start_mark"] == mark
        if same and MODULE in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def start_mark(pid: int) -> str | None:
    """The boot and the moment in it in which a process began, which setting the clock leaves as they are.

    None where the system does not tell (proc(5), field 22 of ``/proc/PID/stat``).
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the name in brackets, and may hold anything.
    return f"{boot} {stat.rpartition(b')')[2].split()[19].decode()}"
