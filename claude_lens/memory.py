"""How glibc gives memory back: left alone, a proxy under load keeps far more than it uses."""

from __future__ import annotations

import ctypes

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
