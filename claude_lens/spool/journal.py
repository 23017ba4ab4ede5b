"""Where the files of the spool lie: journals, their segments, their keys and locks."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from claude_lens.spool.files import Lock, open_private, private_folder, write_all
from claude_lens.spool.records import KEY_BYTES

SEGMENT: Final = ".segment"


def folder(home: Path) -> Path:
    """The spool of a home folder."""
    return home / "spool"


def home_lock(home: Path) -> Path:
    """Held while journals are made, taken over, counted, or removed."""
    return folder(home) / "lock"


def new_name() -> str:
    """A journal's name: sorts by when it was begun, and is nobody else's."""
    return f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(3)}"


def segment_name(first: int) -> str:
    """The file whose first record has this number."""
    return f"{first:016d}{SEGMENT}"


@dataclass(frozen=True)
class Journal:
    """One journal's folder. ``key`` is 0600 as all the rest, and is removed with the journal."""

    path: Path

    @property
    def name(self) -> str:
        """Sorts by when it was begun."""
        return self.path.name

    @property
    def counters(self) -> Path:
        """What the proxy counts."""
        return self.path / "passed"

    @property
    def positions(self) -> Path:
        """How far each sink has come."""
        return self.path / "positions"

    def writer_lock(self) -> Lock:
        """Held by the proxy that writes."""
        return Lock(self.path / "writer.lock")

    def reader_lock(self) -> Lock:
        """Held by the recorder that reads."""
        return Lock(self.path / "reader.lock")

    def exists(self) -> bool:
        """Whether it is on disk."""
        return (self.path / "key").exists()

    def key(self) -> bytes:
        """The key that seals its records. Raises ``OSError``, ``ValueError``."""
        found = (self.path / "key").read_bytes()
        if len(found) != KEY_BYTES:
            raise ValueError(f"{self.path / 'key'}: not {KEY_BYTES} bytes")
        return found

    def create(self, key: bytes) -> None:
        """Make folder and key; without effect where they are. Raises ``OSError``."""
        private_folder(self.path)
        if self.exists():
            return
        handle = open_private(self.path / "key.new", os.O_WRONLY | os.O_TRUNC)
        try:
            write_all(handle, [key])
        finally:
            os.close(handle)
        (self.path / "key.new").replace(self.path / "key")

    def segment(self, first: int) -> Path:
        """The file of the segment whose first record has this number."""
        return self.path / segment_name(first)

    def segments(self) -> list[int]:
        """The numbers of the first records of its segments, in order; empty where there is no folder."""
        try:
            names = [path.name for path in self.path.iterdir()]
        except OSError:
            return []
        return sorted(int(name.removesuffix(SEGMENT)) for name in names if _is_segment(name))

    def bytes(self) -> int:
        """Bytes of its segments."""
        return sum(_size(self.segment(first)) for first in self.segments())


def journals(home: Path) -> list[Journal]:
    """All journals of a home folder, the oldest first."""
    try:
        with os.scandir(folder(home)) as entries:
            found = [Path(entry.path) for entry in entries if entry.is_dir() and entry.name[:1].isdigit()]
    except OSError:
        return []
    return [Journal(path) for path in sorted(found)]


def _is_segment(name: str) -> bool:
    return name.endswith(SEGMENT) and name.removesuffix(SEGMENT).isdigit()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
