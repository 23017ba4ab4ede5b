"""What was found in the beginning of a list is not looked for again, and is what it would be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from claude_lens.messages.blocks import listed
from claude_lens.messages.objects import Objects, each, shared


def test_only_new_objects_are_read() -> None:
    read: list[int] = []

    def find(one: dict[str, int]) -> Iterator[int]:
        read.append(one["n"])
        yield from range(one["n"])

    first = Objects({"n": n} for n in (1, 0, 2))
    assert each(first, find) == [0, 0, 1]
    assert each(first, find) == [0, 0, 1]
    grown = Objects([*first, {"n": 1}], first, 3)
    shorter = Objects([first[0], {"n": 3}], first, 1)
    assert each(grown, find) == [0, 0, 1, 0]
    assert each(shorter, find) == [0, 0, 1, 2]
    assert read == [1, 0, 2, 1, 3]
    # A list that anybody may change is read each time.
    assert each([{"n": 1}], find) == each([{"n": 1}], find) == [0]
    assert read[5:] == [1, 1]


def test_what_was_found_too_late_for_a_list_is_looked_for_in_it() -> None:
    first = Objects([{"n": 1}])
    grown = Objects([*first, {"n": 2}], first, 1)
    assert each(first, lambda one: [one["n"]]) == [1]
    assert each(grown, lambda one: [one["n"]]) == [1, 2]


def test_a_beginning_is_shared_where_its_objects_are_the_same_ones() -> None:
    one: dict[str, Any] = {"a": 1}
    other: dict[str, Any] = {"a": 1}
    first = Objects([one, other])
    assert shared(first, first) == 2
    assert shared(first, Objects([one, dict(other)])) == 1
    assert shared(first, Objects([dict(one), other])) == 0
    assert shared(first, Objects([one, other, one], first, 2)) == 2
    assert shared(first, [one, other, one]) == shared([one, other, one], first) == 2
    assert shared((), first) == 0


def test_its_list_is_read_without_a_look_at_each() -> None:
    objects = Objects([{"a": 1}])
    assert listed(objects) is objects
    assert listed([{"a": 1}, "b", 3]) == [{"a": 1}]
