"""A transcript as a file: its lines one after the other, and later any of them again by its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from claude_lens import exact
from claude_lens.store.transfer.trees import Place

TOO_DEEP: Final = f"nested more than {exact.DEEPEST} levels deep"
Passed = Callable[[str], None]
"""Is told file, line and reason of what was passed by."""
_KEPT: Final = 4_000_000
"""Bytes of the lines read last; what stands beside each other in the file is asked for together."""


def ignored(_: str) -> None:
    """For those who do not ask what was passed by."""


class Source:
    """The file; ``passed`` is told file, line and reason of what cannot be read."""

    def __init__(self, file: Path, passed: Passed = ignored) -> None:
        self.file = file
        self._passed = passed
        self._stream = file.open("rb")
        self._recent: dict[Place, Mapping[str, Any]] = {}
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def lines(self) -> Iterator[tuple[Mapping[str, Any], Place]]:
        """The lines that can be read, and where they are. Raises ``OSError``."""
        offset = 0
        for number, line in enumerate(self._stream, 1):
            place = Place(offset, len(line))
            offset += len(line)
            if not line.strip():
                continue
            value, wrong = _read(line)
            if value is not None:
                yield value, place
            elif wrong:
                self._passed(f"{self.file}:{number}: {wrong}")

    def again(self, place: Place) -> Mapping[str, Any]:
        """A line that :meth:`lines` had. Raises ``ValueError`` where it is another one, ``OSError``."""
        found = self._recent.pop(place, None)
        if found is None:
            found, wrong = _read(os.pread(self._stream.fileno(), place.size, place.offset))
            if found is None:
                raise ValueError(f"the file was changed while it was read: {wrong or 'it ends early'}")
            self._held += place.size
        self._recent[place] = found
        while self._held > _KEPT and len(self._recent) > 1:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            self._held -= oldest.size
        return found


def _read(line: bytes) -> tuple[Mapping[str, Any] | None, str]:
    """The value of a line; None and what is wrong with it, which nobody needs to be told of an open end."""
    try:
        value = exact.load(line)
        if not isinstance(value, Mapping):
            return None, "no JSON object"
        return (None, TOO_DEEP) if exact.is_deep(value) else (value, "")
    except RecursionError:
        return None, TOO_DEEP
    except ValueError:
        # The client is about to write the last line as long as it does not end.
        return None, "no JSON" if line.endswith(b"\n") else ""
