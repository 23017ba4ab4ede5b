"""The messages before each answer of a transcript, in time and memory that grow with the file alone.

What is before an answer is what was before the one above it, and a little more. So the answers of a branch
share one list, of which each has seen a beginning, and only where a branch forks is a beginning copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, overload

from claude_lens.store import chain, content
from claude_lens.store.transfer.sayings import Saying, Sayings, sayings
from claude_lens.store.transfer.trees import Answer, Line, Tree

_NEVER: Final = 1 << 62
_FEW: Final = 8
"""So many messages are sooner read again than looked for in the store."""

T = TypeVar("T")
S = TypeVar("S")


class Beginning(Sequence[T]):
    """The first ``length`` items of a list that grows, each as ``what`` makes of it."""

    __slots__ = ("_items", "_length", "_what")

    def __init__(self, items: Sequence[S], length: int, what: Callable[[S], T]) -> None:
        self._items: Sequence[Any] = items
        self._length, self._what = length, what

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self._what(self._items[at]) for at in range(*place.indices(self._length))]
        at = place + self._length if place < 0 else place
        if not 0 <= at < self._length:
            raise IndexError(place)
        return self._what(self._items[at])


def _itself(item: T) -> T:
    return item


@dataclass(slots=True)
class Branch:
    """Messages one after the other: what was said, and, as far as it was asked for, digests and steps.

    ``done``: lines, calls and answers that are in it, and when they came (``clock``). ``human``: the place of
    the first message with words of a human, among those that were ``looked_at``.
    """

    said: list[Saying] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    steps: list[bytes] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    clock: int = 0
    looked_at: int = 0
    human: int | None = None

    def append(self, digest: bytes) -> None:
        """The digest of the next message that has none yet."""
        step = self.steps[-1] if self.steps else chain.ROOT
        self.contents.append(digest)
        self.steps.append(content.digest(step + digest))

    def beginning(self, length: int, clock: int) -> Branch:
        """A copy of what was there then."""
        return Branch(
            self.said[:length],
            self.contents[:length],
            self.steps[:length],
            [at for at in self.marked if at < length],
            {name: when for name, when in self.done.items() if when <= clock},
            clock,
        )


@dataclass(slots=True)
class History:
    """What is before an answer: the first ``length`` messages of a branch, as of ``clock``.

    ``late``: the number of the first line that belongs to these messages and comes after the answer: what is
    before a later answer has it in its place. ``odd``: a line of the answer itself is above its first one.
    ``listed``: places of messages of one text that were sent as a list.
    """

    branch: Branch
    length: int
    clock: int
    late: int = _NEVER
    odd: bool = False
    listed: tuple[int, ...] = ()

    def said(self) -> Sequence[Saying]:
        """The messages."""
        return Beginning(self.branch.said, self.length, _itself)


class Histories:
    """The histories of all answers, to be asked for in the order of the file.

    ``stored``: rows of answers that the store has, by their keys; ``read_stored`` gives the digests of the
    messages before one of them, or None.
    """

    def __init__(self, tree: Tree, texts: Sayings) -> None:
        self._tree, self._texts = tree, texts
        self._known: dict[str, History] = {}
        self.stored: dict[str, int] = {}
        self.read_stored: Callable[[int], list[bytes] | None] = lambda _: None

    def before(self, answer: Answer) -> History:
        """What was said before ``answer``."""
        first = answer.first
        found = self._known.get(first.uuid)
        if found is None:
            above, start = self._to_known(answer)
            found = self._grown(start, above, answer)
            self._known[first.uuid] = found
        return found

    def _to_known(self, answer: Answer) -> tuple[list[Line], History | None]:
        """The lines from the nearest known history on, or from the root."""
        above: list[Line] = []
        start: History | None = None
        for line in self._tree.above(answer.first):
            above.append(line)
            if start is None and (start := self._known.get(line.uuid)) is not None:
                usable = start.late >= answer.first.number and not start.odd
                # What the file has later than an answer may belong before it: then all is looked at again.
                if usable and start.branch.done.get(answer.key, _NEVER) > start.clock:
                    return above[::-1], start
        return above[::-1], None

    def _grown(self, start: History | None, above: list[Line], answer: Answer) -> History:
        if start is None:
            branch, late = Branch(), _NEVER
        else:
            branch, late = start.branch, start.late
            if branch.clock != start.clock or len(branch.said) != start.length:
                branch = branch.beginning(start.length, start.clock)
        uuids = {line.uuid for line in above}
        odd = False
        for line in above:
            done = branch.done
            if line.uuid in done or (line.results and all(call in done for call in line.results)):
                continue
            beside = [line]
            if line.answer is not None:
                if line.answer == answer.key:
                    odd = True
                if line.answer in done or line.answer == answer.key:
                    continue
                branch.said.append(Saying(answer=line.answer))
                branch.clock += 1
                done[line.answer] = branch.clock
                beside = self._tree.beside(self._tree.answers[line.answer], uuids)
                late = min([late, *(one.number for one in beside if one.number >= answer.first.number)])
                beside = [one for one in beside if one.number < answer.first.number]
            beside = [one for one in beside if one.uuid not in done]
            branch.clock += 1
            for one in beside:
                for name in (one.uuid, *one.results):
                    done.setdefault(name, branch.clock)
            branch.said += sayings(beside)
        return History(branch, len(branch.said), branch.clock, late, odd)

    def chain(self, history: History) -> tuple[chain.Chain, list[chain.Mark]]:
        """The history as the store keeps it, and its marks of the cache.

        Raises ``ValueError``, ``OSError`` where the file has changed.
        """
        branch, length = history.branch, history.length
        if length - len(branch.contents) > _FEW:
            self._from_store(branch, length)
        for at in range(len(branch.contents), length):
            branch.append(self._texts.digest(branch.said[at]))
            if self._texts.marks(branch.said[at]):
                branch.marked.append(at)
        marks: list[chain.Mark] = []
        for at in branch.marked:
            for path, mark, position in self._texts.marks(branch.said[at]) if at < length else ():
                marks.append(["messages", at, path, mark, *([] if position is None else [position])])
        return (
            chain.Chain(
                Beginning(branch.contents, length, _itself),
                Beginning(branch.steps, length, _itself),
                Beginning(branch.said, length, self._texts.value),
            ),
            marks,
        )

    def _from_store(self, branch: Branch, length: int) -> None:
        """Take the digests of the messages before the last stored answer from the store."""
        have = len(branch.contents)
        for at in range(length - 1, have, -1):
            row = self.stored.get(branch.said[at].answer or "")
            if row is None:
                continue
            digests = self.read_stored(row)
            if digests is not None and len(digests) == at and digests[:have] == branch.contents:
                for digest in digests[have:]:
                    branch.append(digest)
            return
