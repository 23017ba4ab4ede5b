"""A request body taken apart into contents that are stored once, and put together again.

The lists ``messages``, ``system`` and ``tools`` become chains: element after element, each step named by the
digest of all that came before. Conversations grow at their end, so a request shares all but its last steps
with the one before. ``cache_control`` moves from block to block between turns; it is lifted out and its
places are kept beside (*marks*), so that moving it changes no content.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from claude_lens import exact
from claude_lens.messages.objects import Objects, shared
from claude_lens.store import content

LISTS: Final = ("system", "tools", "messages")
ROOT: Final = b"\0" * content.DIGEST_SIZE
MARK: Final = "cache_control"
_MARK_KEY: Final = b'"cache_control":'

# [list, index of the element, indices down its "content" lists, value] and, where it was not the last, the
# position of the key among its siblings.
Mark = list[Any]
# Where in an element a mark was, the mark, and its position where it was not the last key.
Lifted = tuple[list[int], Any, int | None]


@dataclass(slots=True)
class Chain:
    """The elements of one list: their digests, and the digest of the list up to and with each of them.

    ``values`` holds the elements as sent; :func:`element` gives their content.
    """

    contents: Sequence[bytes] = field(default_factory=list)
    steps: Sequence[bytes] = field(default_factory=list)
    values: Sequence[Any] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """A JSON body taken apart. ``params`` is the body with null in the place of each chain; a
    chain that has no place in it is a reading of the others.

    A chain of a ``system`` that was no list has its name in ``single``.
    """

    params: bytes
    chains: dict[str, Chain]
    single: frozenset[str]
    marks: list[Mark]
    digest: bytes


def strip(value: Any) -> tuple[Any, list[Lifted]]:
    """``value`` without the ``cache_control`` of its blocks, and where each was: ``(path, value, position)``.

    Blocks are the element itself and the dicts in its ``content`` lists, at any depth; a key of that name
    elsewhere (a tool's argument) is content. The value given is not changed.
    """
    if not isinstance(value, dict):
        return value, []
    found: list[Lifted] = []
    if MARK in value:
        position = list(value).index(MARK)
        found.append(([], value[MARK], None if position == len(value) - 1 else position))
        value = {key: item for key, item in value.items() if key != MARK}
    blocks = value.get("content")
    if isinstance(blocks, list):
        bare = []
        for index, block in enumerate(blocks):
            stripped, inner = strip(block)
            bare.append(stripped)
            found.extend(([index, *path], mark, position) for path, mark, position in inner)
        if found:
            value = {**value, "content": bare}
    return value, found


def restore(value: Any, path: list[int], mark: Any, position: int | None) -> Any:
    """``value`` with ``mark`` put back at ``path``; shares what it can with ``value``, which stays."""
    if path:
        blocks = list(value["content"])
        blocks[path[0]] = restore(blocks[path[0]], path[1:], mark, position)
        return {**value, "content": blocks}
    if position is None:
        return {**value, MARK: mark}
    items = list(value.items())
    items.insert(position, (MARK, mark))
    return dict(items)


def element(value: Any) -> bytes:
    """The content of a list's element: its JSON without ``cache_control``."""
    data = exact.dump(value)
    return exact.dump(strip(value)[0]) if _MARK_KEY in data else data


@dataclass(slots=True)
class _Before:
    """A list as it was last seen: its elements, the bytes of each without its marks, these by index, their
    contents, the steps; and the bytes of memory that all this takes."""

    values: Sequence[Any] = ()
    data: list[bytes] = field(default_factory=list)
    marks: dict[int, list[Lifted]] = field(default_factory=dict)
    contents: list[bytes] = field(default_factory=list)
    steps: list[bytes] = field(default_factory=list)
    size: int = 0


class _Recent:
    """The lists seen last, by name and first element: the next turn's begin like them, unhashed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._lists: dict[tuple[str, bytes], _Before] = {}
        self._lock = threading.Lock()

    def get(self, name: str, first: bytes) -> _Before | None:
        with self._lock:
            return self._lists.get((name, first))

    def put(self, name: str, seen: _Before) -> None:
        with self._lock:
            old = self._lists.pop((name, seen.data[0]), None)
            self._lists[(name, seen.data[0])] = seen
            self._size += seen.size - (old.size if old else 0)
            while self._size > self._limit:
                self._size -= self._lists.pop(next(iter(self._lists))).size


_recent = _Recent(16 * 1024 * 1024)
# What an element takes beside its bytes: four objects, their places in lists, and its value's own objects.
_OVERHEAD: Final = 1_000


def _packed(value: Any) -> tuple[bytes, list[Lifted]]:
    """An element's bytes without its marks, and these."""
    data = exact.dump(value)
    lifted: list[Lifted] = []
    if _MARK_KEY in data:
        value, lifted = strip(value)
        data = exact.dump(value)
    # The encoder's own bytes sit in blocks of 16 KB: a copy takes what it needs.
    return bytes(memoryview(data)), lifted


def _chain(name: str, values: list[Any], marks: list[Mark]) -> Chain:
    first = _packed(values[0])
    before = _recent.get(name, first[0]) or _Before()
    # Elements that are the very objects of last time need not even be written.
    same = shared(before.values, values)
    data = before.data[:same]
    lifted = {index: own for index, own in before.marks.items() if index < same}
    for index in range(same, len(values)):
        packed, own = _packed(values[index]) if index else first
        data.append(packed)
        if own:
            lifted[index] = own
    for index, own in lifted.items():
        for path, mark, position in own:
            marks.append([name, index, path, mark, *([] if position is None else [position])])
    equal = same
    while equal < min(len(data), len(before.data)) and data[equal] == before.data[equal]:
        equal += 1
    contents, steps = before.contents[:equal], before.steps[:equal]
    step = steps[-1] if steps else ROOT
    for packed in data[equal:]:
        known = content.digest(packed)
        step = content.digest(step + known)
        contents.append(known)
        steps.append(step)
    size = before.size - _size(before.data[same:]) + _size(data[same:])
    # What somebody may change says nothing about what it was.
    seen = values if type(values) is Objects else ()
    _recent.put(name, _Before(seen, data, lifted, contents, steps, size))
    return Chain(contents, steps, values)


def _size(data: list[bytes]) -> int:
    return sum(map(len, data)) + _OVERHEAD * len(data)


def split(body: Mapping[str, Any], said: Sequence[Any] = ()) -> Parts:
    """Take a JSON object apart. Raises ``RecursionError`` where it nests too deeply.

    ``said``: the messages of a body that has none under that name. They become a chain too, beside the
    ``params`` which hold them as they came; :func:`join` leaves it out.
    """
    params = dict(body)
    chains: dict[str, Chain] = {}
    marks: list[Mark] = []
    single = frozenset({"system"} if isinstance(body.get("system"), str) and body["system"] else ())
    for name in LISTS:
        value = [body[name]] if name in single else body.get(name)
        if isinstance(value, list) and value:
            chains[name] = _chain(name, value, marks)
            params[name] = None
    if said and "messages" not in body:
        chains["messages"] = _chain("messages", list(said), [])
    data = exact.dump(params)
    return Parts(
        data, chains, single, marks, request_digest(content.digest(data), chains_tips(chains), marks)
    )


def chains_tips(chains: Mapping[str, Chain]) -> dict[str, bytes]:
    """The digest of each whole chain by the name of its list."""
    return {name: chain.steps[-1] for name, chain in chains.items()}


def request_digest(params: bytes, tips: Mapping[str, bytes], marks: list[Mark]) -> bytes:
    """The digest of a whole body, from those of its parts; a client's retry has the same one."""
    tail = b"".join(tips.get(name, ROOT) for name in LISTS)
    return content.digest(params + tail + exact.dump(marks))


def join(
    params: Mapping[str, Any], lists: Mapping[str, list[Any]], single: frozenset[str], marks: list[Mark]
) -> dict[str, Any]:
    """The body again, equal to what :func:`split` took apart, keys in the order they came."""
    body = dict(params)
    whole = {name: list(values) for name, values in lists.items() if name in params}
    for name, index, path, mark, *position in marks:
        whole[name][index] = restore(whole[name][index], path, mark, position[0] if position else None)
    for name, values in whole.items():
        body[name] = values[0] if name in single else values
    return body
