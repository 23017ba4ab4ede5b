"""Progress of what takes longer than a second, on standard error: a bar; on request, lines without one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from claude_lens.store.maintenance.upkeep import Progress as Report
from claude_lens.store.maintenance.upkeep import quiet

_PATIENCE: Final = 1.0


@contextmanager
def progress_bar(size: int | None = None) -> Iterator[Report]:
    """Yields what to call with a step's name and its share done (0 to 1).

    ``size``: how many bytes the whole has; the bar then tells how many are done a second.
    """
    if not sys.stderr.isatty():
        yield quiet
        return
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()]
    columns += [TransferSpeedColumn()] if size else []
    columns.append(TimeRemainingColumn())
    whole = float(size or 1)
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, object] = {}
    start = time.monotonic()

    def report(what: str, share: float) -> None:
        if time.monotonic() - start < _PATIENCE:
            return
        if not tasks:
            shown.start()
        if what not in tasks:
            tasks[what] = shown.add_task(what, total=whole)
        shown.update(tasks[what], completed=share * whole)  # type: ignore[arg-type]

    try:
        yield report
    finally:
        shown.stop()


@contextmanager
def progress_lines() -> Iterator[Report]:
    """As :func:`progress_bar`; where standard error is no terminal, a line at every tenth, not silence."""
    if sys.stderr.isatty():
        with progress_bar() as report:
            yield report
        return
    told: dict[str, int] = {}

    def line(what: str, share: float) -> None:
        tenth = int(share * 10)
        if tenth > told.get(what, 0) or what not in told:
            told[what] = tenth
            print(f"{what}: {tenth * 10}%", file=sys.stderr, flush=True)

    yield line
