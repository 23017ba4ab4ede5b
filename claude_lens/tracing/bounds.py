"""How much of a value leaves the machine, and in which form: limits, hiding, redaction, media named.

Spans built by hand pass by the SDK's own limits and OpenInference's own masks, so both are applied here, and
here alone: whatever a span says goes through a :class:`Collector`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from claude_lens.tracing import media, names
from claude_lens.tracing.fitting import cut, fitted, trimmed
from claude_lens.tracing.hiding import NOTHING, Hiding, Side
from claude_lens.tracing.spans import Attributes, Value

VALUE_BYTES: Final = 8 * 1024
SPAN_BYTES: Final = 256 * 1024
LOOKED_AT: Final = 512 * 1024
"""Most JSON of one value that is looked through for secrets before it is cut."""

Redact = Callable[[str], str]


class Collector:
    """Attributes of one span, in the order of their weight: each cut, hidden, redacted, the whole bounded.

    What no longer fits into ``SPAN_BYTES`` is left out and counted in ``claude_lens.attributes_left_out``.
    """

    def __init__(self, hiding: Hiding = NOTHING, redact: Redact = str) -> None:
        self._hiding = hiding
        self._redact = redact
        self._found: Attributes = {}
        self._room = SPAN_BYTES
        self._left_out = 0

    def add(self, name: str, value: Value | None) -> None:
        """Add an attribute; None and the empty string say nothing and are not added."""
        if value is None or value == "" or value == ():
            return
        if isinstance(value, str):
            value = cut(self._redact(value[: 4 * VALUE_BYTES]) + value[4 * VALUE_BYTES :], VALUE_BYTES)
        elif isinstance(value, tuple):
            value = tuple(cut(self._redact(item), VALUE_BYTES) for item in value)
        self._put(name, value)

    def _put(self, name: str, value: Value) -> None:
        size = len(value) if isinstance(value, str) else 8
        if isinstance(value, tuple):
            size = sum(map(len, value))
        if self._room < size + len(name):
            self._left_out += 1
            return
        shown = self._hiding.attribute(name, value)
        if shown is not None:
            self._room -= size + len(name)
            self._found[name] = shown

    def json(self, name: str, value: Any) -> None:
        """Add a value as JSON text, which stays JSON where it has to be cut; media are named."""
        # Redacted before it is cut: half a secret would not be known for one.
        text = self._redact(fitted(trimmed(media.named(value), 4 * VALUE_BYTES), LOOKED_AT))
        try:
            self._put(name, fitted(orjson.loads(text), VALUE_BYTES))
        except ValueError:
            self._put(name, cut(text, VALUE_BYTES))

    def words(self, side: Side, text: str) -> str:
        """A status, an event's message or a description that repeats what that side says, as it may leave."""
        return self._hiding.words(side, cut(self._redact(text), VALUE_BYTES))

    def done(self) -> Attributes:
        """All attributes."""
        if self._left_out:
            self._found[names.LEFT_OUT] = self._left_out
        return self._found
