"""Lists of a request that grow from turn to turn: what was found in what came before is found already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import is_
from typing import Any, TypeVar
from weakref import ref

Found = TypeVar("Found")
Find = Callable[[Any], Iterable[Found]]


class Objects(list[Any]):
    """A list of a request, its messages or tools, each of them a dict; nobody may change it, or them.

    ``before`` and ``kept``: the first ``kept`` are the very dicts that another list begins with. What
    :func:`each` found in them comes along; the other list itself is let go.
    """

    __slots__ = ("__weakref__", "_before", "_found", "_kept")

    def __init__(
        self, values: Iterable[dict[str, Any]], before: Objects | None = None, kept: int = 0
    ) -> None:
        super().__init__(values)
        self._before = None if before is None else ref(before)
        self._kept = kept
        self._found: dict[Find[Any], tuple[int, list[tuple[int, Any]]]] = {}
        for find, (done, items) in list(before._found.items()) if before is not None else ():
            self._found[find] = (min(done, kept), [one for one in items if one[0] < kept])

    @property
    def kept(self) -> int:
        """How many objects it has of the list that it goes on from."""
        return self._kept

    def goes_on_from(self, other: object) -> bool:
        """Whether that list is ``other``."""
        return self._before is not None and self._before() is other

    def found(self, find: Find[Found]) -> list[Found]:
        """What ``find`` finds in each object, in order; it must depend on nothing but the object."""
        done, items = self._found.get(find, (0, []))
        if done < len(self):
            new = ((index, one) for index in range(done, len(self)) for one in find(self[index]))
            items = [*items, *new]
            self._found[find] = (len(self), items)
        return [one for _, one in items]


def shared(one: Sequence[Any], other: Sequence[Any]) -> int:
    """With how many of the very same objects both begin."""
    if type(other) is Objects and other.goes_on_from(one):
        return other.kept
    if one is other:
        return len(one)
    same = list(map(is_, one, other))
    return same.index(False) if False in same else len(same)


def each(messages: Iterable[Any], find: Find[Found]) -> list[Found]:
    """What ``find`` finds in each message, in order; of a :class:`Objects` only new ones are read."""
    if type(messages) is Objects:
        return messages.found(find)
    return [one for message in messages for one in find(message)]
