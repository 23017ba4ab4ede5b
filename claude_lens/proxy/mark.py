"""What tells one process from another of the same number, and writing a small file at once.

Standard library only, since the watcher uses it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replace ``file`` at once, readable by its user only. Raises ``OSError``."""
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as output:
            json.dump(content, output, indent=2)
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
