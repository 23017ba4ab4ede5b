"""One tool call as it grows out of deltas."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

EMPTY = "{}"
TELLING = re.compile(r'[\\"{}\[\]]')


class Arguments:
    """Follows JSON as it arrives, and knows when its outermost object is closed."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.whole = False

    def follow(self, text: str) -> None:
        """Take the next piece."""
        plain_from = 1 if self._escaped else 0
        if text:
            self._escaped = False
        for found in TELLING.finditer(text):
            char, place = found[0], found.start()
            if place < plain_from:
                continue
            if self._in_string:
                if char == "\\":
                    plain_from = place + 2
                    self._escaped = place + 1 == len(text)
                elif char == '"':
                    self._in_string = False
            elif char == '"':
                self._in_string = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                self.whole = self.whole or self._depth == 0


@dataclass(slots=True)
class Delta:
    """What one delta says of a call; None and "" where it is silent. ``index``: its place among the calls."""

    index: int | str | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    more: dict[str, Any] = field(default_factory=dict)


class Call:
    """A call: named, then given arguments.

    A name may come in pieces or again with every delta, as may the id. An empty object may stand for
    arguments that are still to come.
    """

    def __init__(self, index: int | str | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.more: dict[str, Any] = {}
        self.begun = False
        self._named = False
        self._json = Arguments()
        self._pieces: list[str] = []

    @property
    def whole(self) -> bool:
        """Whether its arguments are complete."""
        return self._json.whole

    def take(self, delta: Delta) -> None:
        """Grow by a delta. What comes after complete arguments repeats them."""
        self.id = self.id or delta.id
        if delta.name and not self._named:
            self.name = _grown(self.name, delta.name)
        self.more = {**delta.more, **self.more}
        text = delta.arguments
        if self.whole and self._empty and text.lstrip().startswith("{"):
            self._json, self._pieces = Arguments(), []
        if text and not self.whole:
            self._named = self._named or bool(text.strip())
            self._json.follow(text)
            self._pieces.append(text)

    def ready(self, *, last: bool) -> bool:
        """Whether there is something to write; with ``last`` there is nothing more to wait for."""
        return last or (self._named and not self._empty)

    def written(self) -> str:
        """Arguments that were not written yet; "" for none. ``null`` is what some write for no arguments."""
        text, self._pieces = "".join(self._pieces), []
        return "" if text.strip() == "null" else text

    @property
    def _empty(self) -> bool:
        return not self.begun and len(self._pieces) < 4 and "".join(self._pieces).strip() == EMPTY


def arguments_of(value: object) -> str:
    """Arguments as JSON text: some send the object itself."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def new_id() -> str:
    """An id for a call that got none."""
    return f"call_{secrets.token_hex(12)}"


def _grown(name: str, piece: str) -> str:
    if piece == name:
        return name
    return piece if name and piece.startswith(name) else name + piece
