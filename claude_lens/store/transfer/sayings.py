"""What stands before an answer, message by message: each read, redacted and hashed once for a whole file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from claude_lens import exact
from claude_lens.redact import Redactor
from claude_lens.store import chain, content
from claude_lens.store.transfer.source import Source
from claude_lens.store.transfer.trees import Answer, Line, Place, content_of, listed

_KEPT: Final = 24_000_000
"""Bytes of messages as JSON; the newest are wanted again when they are written."""

Mark = tuple[list[int], Any, int | None]
"""A ``cache_control`` in a message, as ``chain.strip`` finds it."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A message: an ``answer``; one line, or several with results that came back ``together``; or as it was
    sent, in the line at ``sent``, ``plain`` as a string. Equal ones are the same message of one file."""

    answer: str | None = None
    lines: tuple[int, ...] = ()
    together: bool = False
    sent: Place | None = None
    plain: bool = False


def sayings(lines: Iterable[Line]) -> Iterator[Saying]:
    """Lines as messages of the user; results are one message, as the client sends them."""
    lines = list(lines)
    if results := tuple(line.number for line in lines if line.results):
        yield Saying(lines=results, together=True)
    for line in lines:
        if not line.results and line.told:
            yield Saying(lines=(line.number,))


class Sayings:
    """The messages of one transcript; their values have no secrets any more.

    ``unwritten``: bytes that were read since whoever writes them has set it to zero.
    """

    def __init__(
        self,
        source: Source,
        lines: Sequence[Line],
        answers: Mapping[str, Answer],
        redactor: Redactor | None = None,
    ) -> None:
        self._source, self._lines, self._answers, self._redactor = source, lines, answers, redactor
        self._digests: dict[Saying, bytes] = {}
        self._marks: dict[Saying, list[Mark]] = {}
        self._values: dict[Saying, tuple[Any, int]] = {}
        self._held = self.unwritten = 0

    def digest(self, saying: Saying) -> bytes:
        """The digest of a message's content. Raises ``ValueError``, ``OSError`` where the file changed."""
        found = self._digests.get(saying)
        if found is None:
            found = self._digests[saying] = self._read(saying)[1]
        return found

    def marks(self, saying: Saying) -> list[Mark]:
        """The marks of the cache in a message whose digest was asked for."""
        return self._marks.get(saying, [])

    def value(self, saying: Saying) -> Any:
        """The message. Raises ``ValueError``, ``OSError`` where the file has changed."""
        kept = self._values.get(saying)
        return self._read(saying)[0] if kept is None else kept[0]

    def put(self, saying: Saying, value: Any) -> None:
        """A message that was read and redacted elsewhere."""
        self._keep(saying, value, exact.dump(value))

    def _read(self, saying: Saying) -> tuple[Any, bytes]:
        value = self._message(saying)
        data = exact.dump(value)
        if self._redactor is not None and (new := self._redactor.json(data)) is not data:
            data, value = new, exact.load(new)
        return value, self._keep(saying, value, data)

    def _keep(self, saying: Saying, value: Any, data: bytes) -> bytes:
        if b'"cache_control":' in data:
            bare, found = chain.strip(value)
            if found:
                self._marks[saying], data = found, exact.dump(bare)
        digest = self._digests[saying] = content.digest(data)
        self.unwritten += len(data)
        self._held += len(data) - self._values.pop(saying, (None, 0))[1]
        self._values[saying] = value, len(data)
        while self._held > _KEPT and len(self._values) > 1:
            self._held -= self._values.pop(next(iter(self._values)))[1]
        return digest

    def _message(self, saying: Saying) -> Any:
        if saying.sent is not None:
            message = self._source.again(saying.sent)["message"]
            return {**message, "content": message["content"][0]["text"]} if saying.plain else message
        if saying.answer is not None:
            return {"role": "assistant", "content": self.blocks(saying.answer)[0]}
        raws = [self._source.again(self._lines[number].place) for number in saying.lines]
        if saying.together:
            return {"role": "user", "content": [one for raw in raws for one in listed(content_of(raw))]}
        return {"role": (raws[0].get("message") or {}).get("role", "user"), "content": content_of(raws[0])}

    def blocks(self, key: str) -> tuple[Any, Mapping[str, Any] | None]:
        """What an answer says, its blocks, and the line of the last one; not redacted.

        A block that is there already (its line was replayed) is not said again.
        """
        answer = self._answers[key]
        seen: set[bytes] = set()
        found: list[Any] = []
        last: Mapping[str, Any] | None = None
        for line in answer.lines:
            raw = self._source.again(line.place)
            for block in listed(content_of(raw)):
                mark = exact.dump(block)
                if mark not in seen:
                    seen.add(mark)
                    found.append(block)
                    last = raw
        return found or content_of(self._source.again(answer.first.place)), last
