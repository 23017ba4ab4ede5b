"""Since when spans may be missing at the backends: a note in the home folder that outlives its process.

While anything is open or under way, ``untraced-NAME.json`` says since when; it is gone once all has been
sent. What a process that was stopped or killed could not send is sent by the next one, from the store.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

PATTERN: Final = "untraced-*.json"


@dataclass(frozen=True, slots=True)
class Note:
    """``since``: seconds since the epoch; ``spans``: how many were ready and waited, as far as was known."""

    since: float
    spans: int = 0
    problem: str | None = None


class Unsent:
    """The note of this process. It holds a lock on its file, so that others leave it alone while it lives."""

    def __init__(self, home: Path, name: str) -> None:
        self._path = home / f"untraced-{name}.json"
        self._file: IO[str] | None = None
        self._note: Note | None = None

    @property
    def note(self) -> Note | None:
        """What is noted, None where everything was sent."""
        return self._note

    def put(self, note: Note | None) -> None:
        """Note it where it says something else than before. A home that cannot be written costs the note."""
        if note == self._note:
            return
        with contextlib.suppress(OSError):
            if note is None:
                self._path.unlink(missing_ok=True)
                self._close()
            else:
                file = self._open()
                file.seek(0)
                file.truncate()
                json.dump({"since": note.since, "spans": note.spans, "problem": note.problem}, file)
                file.flush()
            self._note = note

    def close(self) -> None:
        """Let go of the file; what it says is for the next process."""
        self._close()

    def _open(self) -> IO[str]:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(handle, "r+", encoding="utf-8")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def left(home: Path) -> Iterator[tuple[Path, Note]]:
    """The notes of processes that have ended; those of living ones are theirs."""
    for path in sorted(home.glob(PATTERN)):
        with contextlib.suppress(OSError, ValueError), path.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = _read(json.load(file))
            if found is not None:
                yield path, found


def _read(value: Any) -> Note | None:
    since = value.get("since") if isinstance(value, dict) else None
    if not isinstance(since, int | float):
        return None
    spans, problem = value.get("spans"), value.get("problem")
    return Note(
        float(since), spans if isinstance(spans, int) else 0, problem if isinstance(problem, str) else None
    )


def waiting(home: Path) -> str | None:
    """One line for people on what waits for the next start; None where nothing does."""
    notes = [note for _, note in left(home)]
    spans = sum(note.spans for note in notes)
    if not notes or not spans:
        return None
    reasons = {note.problem for note in notes if note.problem}
    why = f" ({'; '.join(sorted(reasons))})" if reasons else ""
    return f"{spans} spans wait for the tracing backend{why}; they are sent after the next start"
