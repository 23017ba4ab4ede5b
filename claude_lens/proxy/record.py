"""``proxy.json`` in the home folder: which process serves, and how it was started.

A process counts as ours only if its id, its start and its command line all agree with what is written there.
The start is told by a clock that nobody sets, where the system has one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import psutil

from claude_lens.errors import HostError
from claude_lens.proxy import watcher as watching
from claude_lens.proxy.mark import start_mark, write_json
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
    try:
        write_json(file, record)
    except OSError as error:
        raise HostError(f"cannot write {file}: {error.strerror}") from None


def process_of(record: Mapping[str, Any]) -> psutil.Process | None:
    """The process that ``record`` names; None where it has ended or its id is another's by now."""
    return _known(record, MODULE)


def watcher_of(record: Mapping[str, Any]) -> psutil.Process | None:
    """The watcher that ``record`` names; None where there is none, or it has ended."""
    watcher = record.get("watcher")
    if not isinstance(watcher, Mapping):
        return None
    return _known({"started_at": record.get("started_at"), **watcher}, watching.MODULE)


def _known(record: Mapping[str, Any], module: str) -> psutil.Process | None:
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
        if same and module in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
