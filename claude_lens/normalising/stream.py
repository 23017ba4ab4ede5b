"""A provider's answer, fed as bytes in any pieces, given back as bytes in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from claude_lens.normalising.chat import Chat
from claude_lens.normalising.dialect import Dialect
from claude_lens.normalising.framing import Frames
from claude_lens.normalising.gemini import Gemini
from claude_lens.normalising.ollama import Ollama
from claude_lens.normalising.problem import Unfinished
from claude_lens.normalising.responses import Responses

PATHS: tuple[tuple[re.Pattern[str], Callable[[], Dialect]], ...] = (
    (re.compile(r"/chat/completions/?$"), Chat),
    (re.compile(r"/responses/?$"), Responses),
    (re.compile(r":(stream)?[gG]enerateContent$"), Gemini),
    (re.compile(r"/api/(chat|generate)/?$"), Ollama),
)


def dialect_of(path: str) -> Dialect | None:
    """The dialect of an endpoint, by its URL's path; None where it is none of those that are known here."""
    return next((made() for pattern, made in PATHS if pattern.search(path)), None)


class Normaliser:
    """One streamed answer::

    events ──▶ in order ──▶ the end was seen ──▶ closed
      │                       │not
      ▼                       ▼
    Problem: the provider   Unfinished: to be treated
    told an error           as a connection that broke
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._frames = Frames()

    @property
    def said(self) -> bool:
        """Whether something of the answer itself has come."""
        return self._dialect.said

    @property
    def refused(self) -> bool:
        """Whether the model would not answer."""
        return self._dialect.refused

    @property
    def ended(self) -> bool:
        """Whether the provider has said that the answer is whole."""
        return self._dialect.ended

    @property
    def usage_told(self) -> bool:
        """Whether the provider has counted tokens."""
        return self._dialect.usage_told

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What to pass on for these bytes. Raises :class:`Problem` where the provider tells an error."""
        for event in self._frames.feed(data):
            yield from self._passed(self._dialect.take(event))

    def close(self) -> Iterator[bytes]:
        """What to pass on at the end of the body. Raises :class:`Problem` and :class:`Unfinished`."""
        for event in self._frames.close():
            yield from self._passed(self._dialect.take(event))
        if not self.ended:
            raise Unfinished("the answer ended without its last event")
        yield from self._passed(self._dialect.close())
        if last := self._dialect.last():
            yield last

    def _passed(self, events: list[dict[str, Any]]) -> Iterator[bytes]:
        for event in events:
            yield self._dialect.written(event)
