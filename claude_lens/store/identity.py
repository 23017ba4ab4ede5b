"""When two contents are the same message, though their bytes differ.

A client sends what was said before again in another form: the newest prompt as a list of one text block, next
time as a string; an answer's call with defaults added, texts trimmed, a ``cd`` taken off; empty texts and old
thoughts left out. Two messages with the same :func:`form` may be the same, :func:`alike` decides. Exact
contents are kept beside each other, so that bodies rebuild to what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from claude_lens import exact
from claude_lens.messages import foreign
from claude_lens.messages.blocks import blocks, kind, text, text_block, texts
from claude_lens.messages.calls import Call, calls
from claude_lens.messages.system import is_billing
from claude_lens.store import content
from claude_lens.store.chain import element, strip

_FIRST: Final = ("role", "content")
# Ids of providers are long and random; some local models count their calls from zero in every answer.
_UNIQUE: Final = re.compile(r"[A-Za-z0-9_-]{16,}")
_WORDS: Final = re.compile(r"\w+")
_VERSION: Final = re.compile(r"cc_version=[^;]*;?")
_MOST_WORDS: Final = 2000
_LEAST_ALIKE: Final = 0.5
_TELLING: Final = 80
"""So many characters of text are not said twice by chance."""


def form(message: Any) -> bytes:
    """The JSON of a message apart from how it was sent: equal for two that may be the same.

    A text alone is a string, but for an answer's; a call is its id and name; marks of the cache and thoughts
    are not in it.
    """
    value = foreign.message(strip(message)[0])
    if isinstance(value, dict):
        own = value.get("role") == "assistant"
        told = value.get("content")
        first = {name: value[name] for name in _FIRST if name in value}
        if own and isinstance(told, str):
            told = [text_block(told)]
        first["content"] = _content(told, own) if isinstance(told, list) else told
        value = {**first, **{name: value[name] for name in sorted(value) if name not in _FIRST}}
    return exact.dump(value)


def key(digest: bytes) -> int:
    """The number that stands for a form in the database, from its digest."""
    return int.from_bytes(digest[:8], "big", signed=True)


def form_digest(message: Any) -> bytes:
    """The digest of :func:`form`: that of the message itself where its form is the plain one."""
    return content.digest(form(message))


def element_key(part: str, value: Any) -> bytes:
    """What an element of a request's list (``tools``, ``system``, ``messages``) is, apart from its form.

    The client's own system block, which the API takes out again, is the same whatever version it tells.
    """
    if part == "messages":
        return form_digest(value)
    if part == "system":
        words = value if isinstance(value, str) else text(value)
        if words is not None and is_billing(words):
            return content.digest(_VERSION.sub("", words).encode("utf-8", "surrogatepass"))
        value = text_block(value) if isinstance(value, str) else value
    return content.digest(element(value))


def _content(told: list[Any], own: bool) -> Any:
    kept = [block for each in told if (block := _block(each, own)) is not None]
    if own or not kept:
        return kept or told
    alone = kept[0] if len(kept) == 1 else None
    if isinstance(alone, dict) and alone.keys() == {"type", "text"} and kind(alone) == "text":
        return alone["text"]
    return kept


def _block(block: Any, own: bool) -> Any:
    """A block without what a client changes; None for one that it leaves out."""
    if not isinstance(block, dict):
        return block
    what, said, inner = kind(block), block.get("text"), block.get("content")
    if own and what == "thinking":
        return None
    if own and what == "text" and isinstance(said, str):
        return text_block(said.strip()) if said.strip() else None
    if what == "call" and isinstance(block.get("id"), str) and block["id"]:
        return {"type": block["type"], "id": block["id"], "name": block.get("name")}
    if what == "result" and isinstance(inner, list):
        return {**block, "content": _content(inner, own=False)}
    return {name: item for name, item in block.items() if item is not None}


def alike(one: Any, other: Any) -> bool:
    """Whether two messages with the same form are the same: their calls have the same input but for details.

    One without its thoughts is the same where something else tells: a call, or a text of some length.
    """
    one, other = foreign.message(one), foreign.message(other)
    thoughts = [_thoughts(message) for message in (one, other)]
    made = [calls(message) for message in (one, other)]
    if thoughts[0] != thoughts[1]:
        telling = made[0] or sum(map(len, _texts(one))) >= _TELLING
        if all(thoughts) or not telling:
            return False
    return all(_same_call(a, b) for a, b in zip(*made, strict=False))


def _thoughts(message: Any) -> list[Any]:
    return [
        block.get("thinking", block.get("data")) for block in blocks(message) if kind(block) == "thinking"
    ]


def _texts(message: Any) -> list[str]:
    return texts(message.get("content")) if isinstance(message, Mapping) else []


def _same_call(one: Call, other: Call) -> bool:
    if one.input == other.input or _plain(one.input) == _plain(other.input):
        return True
    if not _UNIQUE.search(one.id):
        return False
    ours, theirs = _words(one.input), _words(other.input)
    fewer = min(len(ours), len(theirs))
    return not fewer or len(ours & theirs) >= fewer * _LEAST_ALIKE


def _plain(value: Any) -> Any:
    """An input without what a client adds or trims: defaults that mean no, white space, kinds of scalars."""
    if isinstance(value, Mapping):
        kept = {name: _plain(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", "false", [], {})}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split())


def _words(value: Any) -> set[str]:
    found: set[str] = set()
    for words in _scalars(value):
        for match in _WORDS.finditer(words):
            found.add(match[0])
            if len(found) >= _MOST_WORDS:
                return found
    return found


def _scalars(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
