"""Looking for blocks of some kind in a request body."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from claude_lens.store.chain import MARK

_NESTED: Final = ("content", "messages", "system", "tools")
"""Where marks may be, the last place first."""


def images(messages: Sequence[Any]) -> list[str]:
    """A line for each image in a list of messages: in which one, and the beginning of it."""
    found = []
    for place, message in enumerate(messages):
        found += [f"{place}:{json.dumps(block)[:200]}" for block in _image_blocks(message)]
    return found


def _image_blocks(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if _is_image(value):
            yield value
        else:
            yield from _image_blocks(value.get("content"))
    elif isinstance(value, list):
        for item in value:
            yield from _image_blocks(item)


def without_images(value: Any) -> Any:
    """A JSON value without image blocks."""
    if isinstance(value, Mapping):
        return {name: without_images(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_images(i) for i in value if not (isinstance(i, Mapping) and i.get("type") == "image")]
    return value


def _is_image(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("type") == "image"


def marks(value: Any) -> Iterator[Any]:
    """The values of all ``cache_control`` in a request body."""
    # Thousands of blocks are looked at for a few marks: no call for each of them.
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if one.get(MARK) is not None:
                yield one[MARK]
            left += [found for name in _NESTED if isinstance(found := one.get(name), (dict, list))]
        elif isinstance(one, list):
            left += reversed(one)
