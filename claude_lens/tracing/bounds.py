"""How much of a value leaves the machine, and which values do: limits, hiding, redaction.

Spans built by hand pass by the SDK's own limits and OpenInference's own masks, so both are applied here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from claude_lens.tracing import names
from claude_lens.tracing.spans import Attributes, Value

VALUE_BYTES: Final = 8 * 1024
SPAN_BYTES: Final = 256 * 1024
_LEFT_OUT_MARK: Final = "…[+{}]"

Mask = Callable[[str, Value], Value | None]
Redact = Callable[[str], str]


def cut(text: str, limit: int = VALUE_BYTES) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, then ``…[+N]`` where N characters are missing.

    Lone surrogates, which no protobuf string can hold, become question marks.
    """
    if len(text) <= limit and text.isascii():
        return text
    kept = text[:limit].encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
    missing = len(text) - len(kept)
    return kept + _LEFT_OUT_MARK.format(missing) if missing else kept


def trimmed(value: Any, limit: int = VALUE_BYTES) -> Any:
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
    import json

    try:
        return json.dumps(value, default=repr, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "null"


def no_mask(_: str, value: Value) -> Value:
    """Hide nothing."""
    return value


def environment_mask() -> Mask:
    """OpenInference's own mask, as the ``OPENINFERENCE_HIDE_*`` variables of the environment ask for it."""
    from openinference.instrumentation import TraceConfig

    config = TraceConfig()
    hides = any(value for name, value in vars(config).items() if name.startswith("hide_"))
    if not hides:
        return no_mask

    def mask(name: str, value: Value) -> Value | None:
        return config.mask(name, value)  # type: ignore[return-value]

    return mask


class Collector:
    """Attributes of one span, in the order of their weight: each cut, hidden, redacted, the whole bounded.

    What no longer fits into ``SPAN_BYTES`` is left out and counted in ``claude_lens.attributes_left_out``.
    """

    def __init__(self, mask: Mask = no_mask, redact: Redact = str) -> None:
        self._mask = mask
        self._redact = redact
        self._found: Attributes = {}
        self._room = SPAN_BYTES
        self._left_out = 0

    def add(self, name: str, value: Value | None) -> None:
        """Add an attribute; None and the empty string say nothing and are not added."""
        if value is None or value == "" or value == ():
            return
        if isinstance(value, str):
            value = cut(self._redact(value[: 4 * VALUE_BYTES]) + value[4 * VALUE_BYTES :])
            size = len(value)
        elif isinstance(value, tuple):
            value = tuple(cut(self._redact(item)) for item in value)
            size = sum(map(len, value))
        else:
            size = 8
        if self._room < size + len(name):
            self._left_out += 1
            return
        shown = self._mask(name, value)
        if shown is not None:
            self._room -= size + len(name)
            self._found[name] = shown

    def json(self, name: str, value: Any) -> None:
        """Add a value as JSON text."""
        self.add(name, dump(value))

    def done(self) -> Attributes:
        """All attributes."""
        if self._left_out:
            self._found[names.LEFT_OUT] = self._left_out
        return self._found
