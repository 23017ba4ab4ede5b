"""How glibc gives memory back: left alone, a proxy under load keeps far more than it uses."""

from __future__ import annotations

import ctypes

# Source: <malloc.h> of glibc.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
BLOCK = 128 * 1024


def steady() -> bool:
    """Few arenas, and large blocks returned at once; False where this C library has no such settings.

    To be called before any thread starts. Bodies come and go in hundreds of kilobytes and in many threads,
    which otherwise leaves every arena full of holes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((M_ARENA_MAX, 2), (M_MMAP_THRESHOLD, BLOCK), (M_TRIM_THRESHOLD, BLOCK))
    return all(mallopt(name, value) == 1 for name, value in settings)
