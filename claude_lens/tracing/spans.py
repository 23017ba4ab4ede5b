"""A span as plain data, and the ids that make separate processes build one tree.

Nothing here knows OpenTelemetry: building a tree must cost nothing where no backend is set, and be testable
without one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = str | int | float | bool | tuple[str, ...]
Attributes = dict[str, Value]
Outcome = Literal["ok", "error", "unset"]

SPAN_OVERHEAD = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened within a span, at ``at_ns``."""

    name: str
    at_ns: int
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span. Ids are OpenTelemetry's integers (128 and 64 bits), times nanoseconds since the epoch.

    ``parent_id`` is None for the root. ``client`` is true for a call that left the machine.
    """

    trace_id: int
    span_id: int
    parent_id: int | None
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict)
    outcome: Outcome = "ok"
    message: str | None = None
    events: tuple[Event, ...] = ()
    client: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it takes while it waits."""
        return SPAN_OVERHEAD + sum(len(key) + _weight(value) for key, value in self.attributes.items())


def _weight(value: Value) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(map(len, value)) if isinstance(value, tuple) else 8


def nanoseconds(seconds: float) -> int:
    """Seconds since the epoch as whole nanoseconds, exact to the microsecond that a float still holds."""
    return round(seconds * 1e6) * 1000


def identifier(bits: Literal[64, 128], *parts: str) -> int:
    """The id that these parts always get: never 0, which OpenTelemetry forbids."""
    digest = hashlib.blake2b(digest_size=bits // 8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big") + data)
    return int.from_bytes(digest.digest(), "big") or 1
