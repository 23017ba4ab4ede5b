"""JSON that has to fit: cut inside its strings and lists, so that what is left is JSON still."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

LEFT_OUT: Final = "…[+{}]"
_SHORTEST: Final = 32
_FEWEST: Final = 2


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, then ``…[+N]`` where N characters are missing.

    Lone surrogates, which no protobuf string can hold, become question marks.
    """
    if len(text) <= limit and text.isascii():
        return text
    kept = text[:limit].encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
    missing = len(text) - len(kept)
    return kept + LEFT_OUT.format(missing) if missing else kept


def trimmed(value: Any, limit: int) -> Any:
    """JSON with every string in it cut to ``limit`` bytes: bulk is not worth serialising."""
    if isinstance(value, str):
        return cut(value, limit)
    if isinstance(value, dict):
        return {key: trimmed(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [trimmed(item, limit) for item in value]
    return value


def dump(value: Any) -> str:
    """``value`` as compact JSON; what JSON cannot say becomes its ``repr``."""
    try:
        return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return _dump_slowly(value)


def _dump_slowly(value: Any) -> str:
    try:
        return json.dumps(value, default=repr, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "null"


def fitted(value: Any, limit: int) -> str:
    """``value`` as JSON of at most ``limit`` bytes: long strings are cut first, then lists and objects."""
    text = dump(value)
    if _size(text) <= limit:
        return text
    longest = limit
    while longest >= _SHORTEST:
        longest //= 2
        text = dump(trimmed(value, longest))
        if _size(text) <= limit:
            return text
    most = 64
    while most >= _FEWEST:
        text = dump(_pruned(trimmed(value, _SHORTEST), most))
        if _size(text) <= limit:
            return text
        most //= 2
    return dump(LEFT_OUT.format(len(dump(value))))


def _pruned(value: Any, most: int) -> Any:
    """Lists with their first and last elements only, objects with their first keys; how many are missing."""
    if isinstance(value, list):
        kept = [_pruned(item, most) for item in value]
        if len(kept) <= most:
            return kept
        half = most // 2
        return [*kept[:half], LEFT_OUT.format(len(kept) - most), *kept[len(kept) - (most - half) :]]
    if isinstance(value, dict):
        kept_items = list(value.items())[:most]
        pruned = {key: _pruned(item, most) for key, item in kept_items}
        if len(value) > most:
            pruned[LEFT_OUT.format(len(value) - most)] = None
        return pruned
    return value


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
