"""The sink that turns exchanges into traces, once a backend is set."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from claude_lens.errors import HostError
from claude_lens.exchange import Exchange
from claude_lens.settings import Settings
from claude_lens.tracing.backends import Backend
from claude_lens.tracing.building import build_tree
from claude_lens.tracing.catching_up import CatchingUp
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.queue import SpanQueue
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.sampling import Sampled, sampled
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Lookup, Tree
from claude_lens.tracing.unsent import Note, Unsent, left

TICK_EVERY = 1.0
NOTE_EVERY = 5.0
CLOSE_WITHIN = 5.0


class TracingError(HostError):
    """A backend does not take spans. Raised once for each new reason: logged and counted."""


class TracingSink:
    """Builds the tree in the recorder's thread and hands its spans to one queue a backend."""

    name = "tracing"

    def __init__(
        self,
        tree: Tree,
        queues: Sequence[SpanQueue],
        hosts: Mapping[str, str] | None = None,
        wanted: Sampled = lambda _: True,
        unsent: Unsent | None = None,
    ) -> None:
        """``hosts``: where each queue leads, by its name; ``wanted``: which traces are sent."""
        self._tree = tree
        self._queues = queues
        self._hosts = hosts or {}
        self._wanted = wanted
        self._unsent = unsent
        self._noted = 0.0
        self.catching_up: CatchingUp | None = None
        self._told: dict[str, str | None] = {}
        self._ticked = 0.0

    def arrived(self, exchange: Exchange) -> None:
        """A request has arrived."""
        self._tree.arrived(exchange)
        if self._unsent is not None and self._unsent.note is None:
            self._unsent.put(Note(exchange.started_at))

    def ended(self, exchange: Exchange) -> None:
        """An exchange has ended: what it completes goes to the backends."""
        self._put(self._tree.ended(exchange))

    def flush(self) -> None:
        """The end of a batch; spans need no commit."""
        self.idle()

    def idle(self) -> None:
        """Let time complete what no exchange does.

        Raises :class:`TracingError` where a backend has a new problem; the spans wait for it.
        """
        now = time.time()
        if now - self._ticked >= TICK_EVERY:
            self._ticked = now
            self._put(self._tree.tick(now))
            self._note(now)
        problems = []
        for queue in self._queues:
            problem = queue.status()["problem"]
            if problem is not None and self._told.get(queue.name) != problem:
                problems.append(f"{queue.name}: {problem}")
            self._told[queue.name] = str(problem) if problem is not None else None
        if problems:
            raise TracingError("; ".join(problems))

    def _note(self, now: float, left_over: int | None = None) -> None:
        """Say since when spans may be missing, should this process end now; ``left_over`` at its end."""
        if self._unsent is None or (now - self._noted < NOTE_EVERY and left_over is None):
            return
        self._noted = now
        begun = [
            at for at in (self._tree.oldest, *(queue.oldest for queue in self._queues)) if at is not None
        ]
        queued = [queue.status() for queue in self._queues]
        waiting = sum(int(one["queued"] or 0) for one in queued) if left_over is None else left_over
        problem = next((str(one["problem"]) for one in queued if one["problem"]), None)
        self._unsent.put(Note(min(begun), waiting, problem) if begun else None)

    def counters(self) -> dict[str, Any]:
        """For each backend: its host, spans sent, refused, dropped, queued, and the newest problem."""
        return {queue.name: {"host": self._hosts.get(queue.name), **queue.status()} for queue in self._queues}

    def close(self) -> None:
        """Complete what is open and send what waits, within ``CLOSE_WITHIN`` seconds for all backends."""
        self._put(self._tree.close())
        if self.catching_up is not None:
            self.catching_up.close()
        until = time.monotonic() + CLOSE_WITHIN
        left_over = sum(queue.close(max(0.1, until - time.monotonic())) for queue in self._queues)
        self._note(time.time(), left_over)
        if self._unsent is not None:
            self._unsent.close()

    def _put(self, spans: list[Span]) -> None:
        spans = [span for span in spans if self._wanted(span.trace_id)]
        if spans:
            for queue in self._queues:
                queue.put(spans)


def build_sink(
    settings: Settings, environ: Mapping[str, str], lookup: Lookup, chosen: Sequence[Backend]
) -> TracingSink:
    """The sink for these backends, their queues started. ``environ`` names project and version."""
    resource = resource_attributes(environ)
    queues = [SpanQueue(one.name, Sender(one, resource)) for one in chosen]
    hosts = {one.name: one.host for one in chosen}
    wanted, unsent = sampled(environ), Unsent(settings.home, str(os.getpid()))
    sink = TracingSink(build_tree(settings, lookup), queues, hosts, wanted, unsent)
    notes = [(path, note.since) for path, note in left(settings.home)]
    if notes:
        made = partial(build_tree, settings, None)
        sink.catching_up = CatchingUp(settings, notes, made, queues, time.time())
    return sink
