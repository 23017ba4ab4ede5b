"""Files for our eyes only, and locks that end with the process that holds them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600


def private_folder(path: Path) -> None:
    """Make the folder, and those above it, for their owner alone. Raises ``OSError``."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_private(path: Path, flags: int) -> int:
    """Open or create a file with mode 0600, not handed on to child processes. Raises ``OSError``."""
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_BINARY", 0), PRIVATE)


def write_all(handle: int, parts: list[bytes]) -> None:
    """Append all of ``parts``. Raises ``OSError``, with any number of bytes written."""
    data = parts if hasattr(os, "writev") else [b"".join(parts)]
    sent = os.writev(handle, data) if hasattr(os, "writev") else os.write(handle, data[0])
    if sent == sum(map(len, data)):
        return
    rest = memoryview(b"".join(data))[sent:]
    while rest:
        rest = rest[os.write(handle, rest) :]


def replace(path: Path, data: bytes) -> None:
    """Give a file a new content, whole or not at all. Raises ``OSError``."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        handle = open_private(fresh, os.O_WRONLY | os.O_TRUNC)
        try:
            write_all(handle, [data])
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


class Lock:
    """A lock on a file: gone when the process is, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self, *, wait: bool = False) -> bool:
        """Take the lock; False where another holds it. Raises ``OSError`` where there can be no such file."""
        if self._handle is not None:
            return True
        handle = open_private(self._path, os.O_RDWR)
        if not _lock(handle, wait):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go; does nothing where it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock for a moment, waiting for it. Raises ``OSError`` where it cannot be made."""
    lock = Lock(path)
    lock.take(wait=True)
    try:
        yield
    finally:
        lock.release()


def _lock(handle: int, wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
