"""The bodies read last, for what the next ones have in common with them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from claude_lens.exchange import Headers
from claude_lens.recorder.bodies import Body, Clean, common, continued, taken_apart
from claude_lens.wire import headers

LIMIT: Final = 96 << 20
"""Bytes that all of them take, values included."""
_MOST: Final = 4
"""So many bodies of one agent: its conversation, and what its client asks for itself beside it."""
_BEGINNING: Final = 1024


class Remembered:
    """At most ``limit`` bytes of bodies; those of the agent that asked last are the last to go."""

    def __init__(self, clean: Clean, limit: int = LIMIT) -> None:
        self._clean = clean
        self._limit = limit
        self._bodies: OrderedDict[tuple[str | bytes, str | None], list[Body]] = OrderedDict()
        self._size = 0

    def read(self, told: Headers, data: bytes) -> Body | None:
        """The body of a request with these headers; None where it has to be read otherwise."""
        key = _asker(told, data)
        known = self._bodies.pop(key, [])
        counts = [common(one, data) for one in known]
        count = max(counts, default=0)
        before = known[counts.index(count)] if count else None
        found = continued(before, count, data, self._clean) if before else None
        body = found or taken_apart(data, self._clean)
        if body is not None:
            if before and 2 * count >= len(before.messages):
                self._forget(known, before)
            known.append(body)
            self._size += body.size
            if len(known) > _MOST:
                self._forget(known, known[0])
        if known:
            self._bodies[key] = known
        while self._size > self._limit and self._bodies:
            eldest = next(iter(self._bodies.values()))
            self._forget(eldest, eldest[0])
            if not eldest:
                self._bodies.popitem(last=False)
        return body

    def _forget(self, known: list[Body], body: Body) -> None:
        # By what it is: comparing two would read all of both.
        known[:] = [one for one in known if one is not body]
        self._size -= body.size


def _asker(told: Headers, data: bytes) -> tuple[str | bytes, str | None]:
    """Who asks, as far as headers tell; else how the body begins."""
    session = headers.get(told, "x-claude-code-session-id")
    return (session, headers.get(told, "x-claude-code-agent-id")) if session else (data[:_BEGINNING], None)
