"""The sum of a home's exchanges: ``passed = stored + waiting + lost``, over all proxies and restarts."""

from __future__ import annotations

import contextlib
import functools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from claude_lens.spool import counters, files, journal, positions
from claude_lens.spool.files import held
from claude_lens.spool.journal import Journal


@dataclass(frozen=True, slots=True)
class Ledger:
    """Exchanges of a home. ``aside`` are those of the lost whose bytes lie in ``spool/aside``.

    ``reason`` tells what those that wait are waiting for, None where nothing is in the way. ``bytes`` is
    what the spool takes on disk.
    """

    passed: int = 0
    stored: int = 0
    lost: int = 0
    aside: int = 0
    bytes: int = 0
    reason: str | None = None

    @property
    def waiting(self) -> int:
        """Exchanges that passed and are neither stored nor lost: still running, or waiting for the store."""
        return self.passed - self.stored - self.lost

    def plus(self, other: Ledger) -> Ledger:
        """Both together; the newer reason."""
        return Ledger(
            self.passed + other.passed,
            self.stored + other.stored,
            self.lost + other.lost,
            self.aside + other.aside,
            self.bytes + other.bytes,
            other.reason or self.reason,
        )


def look(home: Path) -> Ledger:
    """The sum as it is now; it needs no proxy. Zeros where there is no spool."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            if journal.folder(home).is_dir():
                stack.enter_context(held(journal.home_lock(home)))
        totals, folded = _totals(home)
        found = [_of(each) for each in journal.journals(home) if each.name not in folded]
    return functools.reduce(Ledger.plus, found, totals)


def fold(home: Path, done: Journal) -> None:
    """Add a journal that nobody writes or reads to the totals and remove it; what it never stored is lost.

    Raises ``OSError``; it is then counted as before.
    """
    with held(journal.home_lock(home)):
        totals, folded = _totals(home)
        names = [name for name in folded if (journal.folder(home) / name).exists()]
        if done.name not in names:
            one = _of(done)
            sums = totals.plus(replace(one, lost=one.passed - one.stored))
            told = {"passed": sums.passed, "stored": sums.stored, "lost": sums.lost, "aside": sums.aside}
            files.replace(_file(home), orjson.dumps({**told, "folded": [*names, done.name]}))
        shutil.rmtree(done.path)


def _of(each: Journal) -> Ledger:
    # In this order, as a proxy counts on meanwhile: more may pass than is stored, never less.
    lane = positions.primary(positions.read(each.positions))
    passed, lost = counters.read(each.counters)
    return Ledger(passed, lane.stored, lost + lane.lost, lane.aside, each.bytes(), lane.reason)


def _file(home: Path) -> Path:
    return journal.folder(home) / "totals.json"


def _totals(home: Path) -> tuple[Ledger, list[str]]:
    """What journals that are gone summed up to, and the names of those that may still lie there."""
    try:
        found = orjson.loads(_file(home).read_bytes())
        passed, stored, lost, aside = (int(found[name]) for name in ("passed", "stored", "lost", "aside"))
        return Ledger(passed, stored, lost, aside), found["folded"]
    except (OSError, ValueError, KeyError, TypeError):
        return Ledger(), []
