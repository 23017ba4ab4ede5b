"""How a process under load keeps little more than it uses: glibc's arenas, Python's collector."""

from __future__ import annotations

import ctypes
import gc

# Source: <malloc.h> of glibc.
M_ARENA_MAX = -8


def steady() -> bool:
    """Few arenas for all threads; False where this C library has no such setting.

    To be called before any thread starts. Bodies come and go in many threads, which otherwise leaves every
    thread's arena full of holes. Giving blocks back sooner as well would cost their page faults each time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_ARENA_MAX, 2) == 1)


def trim() -> bool:
    """Give back what a large piece of work has left behind; False where this C library cannot."""
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):
        return False


def permanent(thresholds: tuple[int, int, int]) -> None:
    """Take what is alive for permanent, so that a collection has little to look through, and may come often.

    ``thresholds`` are :func:`gc.set_threshold`'s.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*thresholds)


class Warming:
    """Calls :func:`permanent` once, after so many answers: as soon as nothing runs, else ``at_last``."""

    def __init__(self, *, after: int, at_last: int, thresholds: tuple[int, int, int]) -> None:
        self._after, self._at_last, self._thresholds = after, at_last, thresholds
        self._answers = 0
        self._warm = False

    def answered(self, *, idle: bool) -> None:
        """Another answer has been given; ``idle`` where no other is under way."""
        self._answers += 1
        if not self._warm and self._answers >= (self._after if idle else self._at_last):
            self._warm = True
            permanent(self._thresholds)
