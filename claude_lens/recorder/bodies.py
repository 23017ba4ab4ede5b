"""A request's body taken apart at its messages, and the next one read with the help of it.

A conversation grows at its end, and each request says all of it again. Of a body that begins with the bytes
of one that was read before, up to the end of a message, only the rest is parsed and looked through for
secrets. What comes out is what reading all of it would give; :func:`taken_apart` and :func:`continued` return
None for whatever they do not know that of, and the body is then read as a whole.

Why a body may be cut behind a message: JSON has one reading, so a text that is valid with its messages left
out, and whose messages are valid as a list, is valid, and says both. Redaction looks at each string, at names
that stand right before one, and for anchors, none of which holds a brace: nothing it sees crosses ``},{``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import loads
from typing import Any, Final

import orjson

from claude_lens import exact
from claude_lens.messages.objects import Objects
from claude_lens.wire.environment import folder_in, folder_in_system
from claude_lens.wire.parse import parse_json

Clean = Callable[[bytes], bytes]
"""Takes secrets out of a JSON text, or of a stretch of one that cuts no string; itself where it has none."""

MESSAGES: Final = "messages"
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,\]}]+")
_SPACE: Final = re.compile(rb"[ \t\n\r]*+")
_COMMA: Final = re.compile(rb"[ \t\n\r]*+,[ \t\n\r]*+")
_COLON: Final = re.compile(rb"[ \t\n\r]*+:[ \t\n\r]*+")
_CLOSE: Final = re.compile(rb"[ \t\n\r]*+\]")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a body: ``data``, where its first message starts, where each ends, what comes after all."""

    data: bytes
    start: int
    ends: list[int]
    tail: bytes

    @property
    def frame(self) -> bytes:
        """The text without its messages, their list empty."""
        return self.data[: self.start] + self.tail


@dataclass(frozen=True, slots=True)
class Body:
    """A body that says nothing that its values do not: ``raw`` as it came, ``clean`` without secrets.

    ``told`` and ``kept`` are the values of the two but for the messages; ``messages`` are the clean one's.
    ``named`` is the first message that names the working folder, and the folder.
    """

    raw: Text
    clean: Text
    told: Mapping[str, Any]
    kept: Mapping[str, Any]
    messages: Objects
    named: tuple[int, str] | None

    @property
    def json(self) -> dict[str, Any]:
        """The value of the clean body."""
        return {**self.kept, MESSAGES: self.messages}

    @property
    def folder(self) -> str | None:
        """The folder that the client works in, as the body says."""
        return folder_in_system(self.told) or (self.named[1] if self.named else None)

    @property
    def size(self) -> int:
        """About the bytes of memory that it takes: values take twice what they are read from."""
        return (3 if self.clean is self.raw else 4) * len(self.raw.data)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Messages that follow each other in a text: where each ends; ``text``, where each ends in it, and their
    values without secrets. ``named`` is the first that names the working folder."""

    ends: list[int]
    text: bytes
    text_ends: list[int]
    values: list[Any]
    named: tuple[int, str] | None


def taken_apart(data: bytes, clean: Clean) -> Body | None:
    """A body read as a whole; None where it is no object with messages, or one that JSON cannot say again."""
    value = _value(data)
    values = value.get(MESSAGES) if isinstance(value, dict) else None
    start = _first_message(data, value) if isinstance(values, list) and values else None
    if start is None or values is None:
        return None
    read = _stretch(data[start:], 0, values, clean)
    if read is None:
        return None
    raw = Text(data, start, [start + end for end in read.ends], data[start + read.ends[-1] :])
    told = {**value, MESSAGES: []}
    if not _CLOSE.match(raw.tail) or not _is_lossless(told, raw.frame):
        return None
    text = _put_together(data, clean(data[:start]), read, clean(raw.tail))
    frame = told if text.data is data else _frame(text)
    if frame is None:
        return None
    kept = _unchanging(frame)
    return Body(raw, raw if text.data is data else text, told, kept, Objects(read.values), read.named)


def continued(before: Body, count: int, data: bytes, clean: Clean) -> Body | None:
    """A body that begins with :func:`common` messages of ``before``; None where all of it has to be read."""
    end = _end(before.raw, count, data) if count else None
    if end is None:
        return None
    at = before.raw.ends[count - 1]
    read = _added(data[at:end], clean)
    if read is None:
        return None
    tail = before.raw.tail
    same = len(data) - end == len(tail) and data.endswith(tail)
    raw = Text(
        data,
        before.raw.start,
        [*before.raw.ends[:count], *(at + end for end in read.ends)],
        tail if same else data[end:],
    )
    text = _grown(before, raw, count, read, before.clean.tail if same else clean(raw.tail))
    told = before.told if same else _frame(raw)
    frame = before.kept if same else told if text is raw else _frame(text)
    if told is None or frame is None:
        return None
    kept = before.kept if same else _unchanging(frame)
    named = before.named if before.named and before.named[0] < count else None
    if named is None and read.named is not None:
        named = (count + read.named[0], read.named[1])
    messages = Objects([*before.messages[:count], *read.values], before.messages, count)
    return Body(raw, text, told, kept, messages, named)


def common(before: Body, data: bytes) -> int:
    """How many messages of ``before`` a body begins with, byte for byte, and all that is in front of them."""
    ends, view = before.raw.ends, memoryview(before.raw.data)
    low, high, known = 0, len(ends), 0
    while low < high:
        middle = (low + high + 1) // 2
        if data.startswith(view[known : ends[middle - 1]], known):
            low, known = middle, ends[middle - 1]
        else:
            high = middle - 1
    return low


def _end(before: Text, count: int, data: bytes) -> int | None:
    """Where the last message of ``data`` ends; nobody has looked whether it is JSON."""
    at, end = before.ends[count - 1], len(data) - len(before.tail)
    if end >= at and data.endswith(before.tail):
        return end
    while (comma := _COMMA.match(data, at)) is not None:
        after = _skip(data, comma.end())
        if after is None:
            return None
        at = after
    return at if _CLOSE.match(data, at) else None


def _added(text: bytes, clean: Clean) -> _Stretch | None:
    """The messages in what follows a message: a comma before each, or nothing."""
    if not text:
        return _Stretch([], text, [], [], None)
    comma = _COMMA.match(text)
    value = _value(b"[[%b]]" % text[comma.end() :]) if comma else None
    read = None
    if comma and isinstance(value, list) and len(value) == 1 and value[0]:
        read = _stretch(text, comma.end(), value[0], clean)
    return read if read is not None and read.ends[-1] == len(text) else None


def _stretch(text: bytes, at: int, values: list[Any], clean: Clean) -> _Stretch | None:
    """Messages of these values, the first of them at ``at``."""
    starts: list[int] = []
    ends: list[int] = []
    for value in values:
        comma = _COMMA.match(text, at) if ends else None
        if type(value) is not dict or (ends and comma is None):
            return None
        start = comma.end() if comma else at
        # Two levels, as in the body: how deep JSON may be depends on it.
        said = _said([[value]])
        if said is not None and text.startswith(memoryview(said)[2:-2], start):
            # Written as we would write it: it says the value, and nothing but it.
            end: int | None = start + len(said) - 4
        else:
            end = _skip(text, start)
            if end is None or not _is_lossless([[value]], b"[[%b]]" % text[start:end]):
                return None
        assert end is not None
        starts.append(start)
        ends.append(end)
        at = end
    folders = enumerate(map(folder_in, values))
    named = next(((index, folder) for index, folder in folders if folder is not None), None)
    whole = text[: ends[-1]]
    without = clean(whole)
    if without is whole:
        return _Stretch(ends, whole, ends, values, named)
    return _without_secrets(_Stretch(ends, without, ends, values, named), whole, starts, clean)


def _without_secrets(read: _Stretch, text: bytes, starts: list[int], clean: Clean) -> _Stretch | None:
    """The stretch with what each message says without its secrets."""
    pieces: list[bytes] = []
    ends: list[int] = []
    values = list(read.values)
    done = size = 0
    for index, (start, end) in enumerate(zip(starts, read.ends, strict=True)):
        piece = text[start:end]
        new = clean(piece)
        if new is not piece:
            values[index] = value = _value(new)
            if type(value) is not dict or not _is_lossless([[value]], b"[[%b]]" % new):
                return None
        pieces += [text[done:start], new]
        size += start - done + len(new)
        done = end
        ends.append(size)
    # Nothing was seen across two messages.
    return _Stretch(read.ends, read.text, ends, values, read.named) if b"".join(pieces) == read.text else None


def _put_together(data: bytes, head: bytes, read: _Stretch, tail: bytes) -> Text:
    whole = b"".join((head, read.text, tail))
    ends = [len(head) + end for end in read.text_ends]
    return Text(data if whole == data else whole, len(head), ends, tail)


def _grown(before: Body, raw: Text, count: int, read: _Stretch, tail: bytes) -> Text:
    """The clean text of a body that begins as the one before; ``raw`` itself where it has no secrets."""
    clean, at = before.clean, before.clean.ends[count - 1]
    added = raw.data[before.raw.ends[count - 1] : len(raw.data) - len(raw.tail)]
    if clean is before.raw and read.text == added and tail == raw.tail:
        return raw
    data = b"".join((memoryview(clean.data)[:at], read.text, tail))
    return Text(data, clean.start, [*clean.ends[:count], *(at + end for end in read.text_ends)], tail)


def _frame(text: Text) -> dict[str, Any] | None:
    """The value of a text but for its messages; None where it says more than that."""
    value = _value(text.frame)
    if type(value) is not dict or value.get(MESSAGES) != [] or not _is_lossless(value, text.frame):
        return None
    return value


def _unchanging(frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """A frame whose lists of objects say that nobody changes them."""
    lists = {name: frame[name] for name in ("system", "tools") if name in frame}
    found = {name: Objects(one) for name, one in lists.items() if type(one) is list and _are_objects(one)}
    return {**frame, **found}


def _are_objects(values: list[Any]) -> bool:
    return all(type(value) is dict for value in values)


def _first_message(data: bytes, value: Mapping[str, Any]) -> int | None:
    """Where the first message starts in the text of an object."""
    at = _past(_SPACE, data, 0) + 1
    for _ in value:
        name = _TOKEN.match(data, _past(_SPACE, data, at))
        colon = name and _COLON.match(data, name.end())
        if name is None or colon is None:
            return None
        if name[0] == b'"messages"':
            return _past(_SPACE, data, colon.end() + 1)
        end = _skip(data, colon.end())
        comma = None if end is None else _COMMA.match(data, end)
        if comma is None:
            return None
        at = comma.end()
    return None


def _past(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return found.end() if found else at


def _skip(data: bytes, at: int) -> int | None:
    """Where the value ends that starts at ``at``, if it is one."""
    if data[at : at + 1] not in (b"{", b"[", b'"'):
        scalar = _SCALAR.match(data, at)
        return scalar and scalar.end()
    depth = 0
    for token in _TOKEN.finditer(data, at):
        sign = token[0]
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth -= 1
        if depth <= 0:
            return token.end()
    return None


def _value(text: bytes) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return None


def _said(value: Any) -> bytes | None:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None


def _is_lossless(value: Any, text: bytes) -> bool:
    """Whether a value is all that its text says, whichever parser reads it."""
    try:
        if _said(value) == text:
            return True
        # JSON has no word for what is too large a float: such a value is said as if it were null.
        if exact.may_be_infinite(text) or exact.faithful(value, text) is None:
            return False
        return exact.dump(loads(text)) == exact.dump(value)
    except (RecursionError, ValueError):
        return False
