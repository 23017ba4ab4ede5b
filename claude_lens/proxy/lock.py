"""The home folder's lock: who starts, stops or replaces the proxy holds it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from claude_lens.errors import HostError, ProxyError
from claude_lens.proxy import key as keys
from claude_lens.settings import Settings

PATIENCE = 100.0
"""Seconds; a start may take most of them."""


@contextlib.contextmanager
def lock(settings: Settings, timeout: float = PATIENCE) -> Iterator[None]:
    """Hold the home folder's lock. Raises :class:`ProxyError` where it is not free in ``timeout`` seconds."""
    file = keys.home_folder(settings) / "proxy.lock"
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HostError(f"cannot write {file}: {error.strerror}") from None
    try:
        deadline = time.monotonic() + timeout
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise ProxyError(f"another start or stop holds {file} for {timeout:g} s")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
