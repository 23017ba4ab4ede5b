"""The proxy's log, ``proxy.log`` in the home folder."""

from __future__ import annotations

import contextlib
import os

from claude_lens.errors import HostError
from claude_lens.settings import Settings

LIMIT = 10 << 20
TAIL = 15


def tail(settings: Settings, lines: int = TAIL, offset: int = 0) -> list[str]:
    """The last lines of the proxy's log that begin at or after ``offset`` bytes."""
    file = settings.home / "proxy.log"
    if not file.is_file():
        return []
    with file.open("rb") as log:
        log.seek(max(offset, file.stat().st_size - (256 << 10)))
        return log.read().decode("utf-8", "replace").splitlines()[-lines:]


def open_log(settings: Settings) -> int:
    """A descriptor to append to it; a long log is put aside first. Raises :class:`HostError`."""
    file = settings.home / "proxy.log"
    with contextlib.suppress(FileNotFoundError):
        if file.stat().st_size > LIMIT:
            file.replace(file.with_suffix(".log.1"))
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise HostError(f"cannot write {file}: {error.strerror}") from None
