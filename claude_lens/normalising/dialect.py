"""What all dialects have in common."""

from __future__ import annotations

from typing import Any, Protocol

from claude_lens.exact import dump


class Dialect(Protocol):
    """One answer in one provider's format, put in order event by event.

    ``said``: something of the answer itself has come; ``ended``: its format's own sign of the end was seen;
    ``refused``: the model would not answer; ``usage_told``: the provider counted tokens.
    """

    said: bool
    ended: bool
    refused: bool
    usage_told: bool

    def take(self, event: Any) -> list[dict[str, Any]]:
        """What to pass on for an event, or for an answer that came as one JSON value."""
        ...

    def close(self) -> list[dict[str, Any]]:
        """What to pass on at the end."""
        ...

    def written(self, event: dict[str, Any]) -> bytes:
        """An event in the stream's own layout."""
        ...

    def last(self) -> bytes:
        """What stands at a stream's end."""
        ...


def event_bytes(event: dict[str, Any], name: str = "") -> bytes:
    """A server-sent event; ``name`` is its type, where it has one."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + dump(event) + b"\n\n"
