"""One thing after the other: what a stream says in parallel, in the order in which each thing began.

::

    a delta ──▶ its item ──▶ is it the first unfinished one? ──yes──▶ written at once
                                  │no
                                  ▼
                                waits ──▶ until all before it are finished

Speech is finished as soon as something else begins. A call is finished when its arguments are complete and
something else has begun; at the end of the answer everything is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from claude_lens.normalising.calls import Call, Delta, new_id


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of text or of a thought: the fields of a delta."""

    kind: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallBegins:
    """A call is named; ``number`` counts calls from 0 in the order in which they are written."""

    number: int
    id: str
    name: str
    more: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallGrows:
    """A piece of its arguments."""

    number: int
    arguments: str


Piece = Speech | CallBegins | CallGrows


@dataclass(slots=True)
class _Talk:
    kind: str
    waiting: list[Speech] = field(default_factory=list)


class Serial:
    """Takes deltas in any order; gives pieces of one item after the other."""

    def __init__(self) -> None:
        self._items: deque[_Talk | Call] = deque()
        self._by_id: dict[str, Call] = {}
        self._by_index: dict[int | str | None, Call] = {}
        self._ids: set[str] = set()
        self._number = -1
        self.calls = 0

    def say(self, kind: str, fields: dict[str, Any]) -> list[Piece]:
        """Take a piece of speech; returns what can be written now."""
        last = self._items[-1] if self._items else None
        if not isinstance(last, _Talk) or last.kind != kind:
            last = _Talk(kind)
            self._items.append(last)
        last.waiting.append(Speech(kind, fields))
        return self._write(last=False)

    def call(self, delta: Delta) -> list[Piece]:
        """Take a piece of a call; returns what can be written now."""
        call = self._found(delta)
        if call is None:
            call = Call(delta.index)
            self._items.append(call)
            self._by_index[delta.index] = call
            self.calls += 1
        call.take(delta)
        if call.id:
            self._by_id.setdefault(call.id, call)
        return self._write(last=False)

    def finish(self) -> list[Piece]:
        """The answer is over; returns all that waited."""
        return self._write(last=True)

    def _found(self, delta: Delta) -> Call | None:
        """The call that a delta belongs to; None where it begins one.

        Ids tell calls apart where they are given. Without them, and at one and the same index, a name after
        complete arguments begins the next call.
        """
        at = self._by_index.get(delta.index)
        if delta.id:
            if at is not None and at.id == delta.id:
                return at
            known = self._by_id.get(delta.id)
            if known is not None and (delta.index is None or delta.index == known.index or not delta.name):
                return known
        if at is None:
            return None
        if delta.id and at.id and (delta.name or at.whole):
            return None
        return None if delta.name and at.whole else at

    def _write(self, *, last: bool) -> list[Piece]:
        pieces: list[Piece] = []
        while self._items:
            item = self._items[0]
            over = last or len(self._items) > 1
            if isinstance(item, _Talk):
                pieces += item.waiting
                item.waiting = []
            else:
                over = last or (over and item.whole)
                self._write_call(item, pieces, last=over)
            if not over:
                break
            self._items.popleft()
        return pieces

    def _write_call(self, call: Call, pieces: list[Piece], *, last: bool) -> None:
        if not call.ready(last=last):
            return
        if not call.begun:
            call.begun = True
            self._number += 1
            pieces.append(CallBegins(self._number, self._unused(call.id), call.name, call.more))
        if text := call.written():
            pieces.append(CallGrows(self._number, text))

    def _unused(self, identity: str) -> str:
        """The call's id; another one where it has none, or one that an earlier call of the answer has."""
        while not identity or identity in self._ids:
            identity = new_id()
        self._ids.add(identity)
        return identity
