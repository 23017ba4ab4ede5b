"""What a sink is, and where sinks come from: the entry-point group ``claude_lens.sinks``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

from claude_lens.exchange import Exchange
from claude_lens.recorder.pulse import Beats
from claude_lens.settings import Settings

GROUP = "claude_lens.sinks"


@runtime_checkable
class Sink(Protocol):
    """A consumer of exchanges. Called from one thread of the recorder, its own; may raise, which is counted.

    Exchanges come in the order in which they passed, and wait in the spool while ``flush`` raises. An
    exchange may come again with the same id (the recorder was killed before it could note the commit): the
    later one wins.
    """

    name: str

    def arrived(self, exchange: Exchange) -> None:
        """A request has arrived: status ``running``, no response yet."""

    def ended(self, exchange: Exchange) -> None:
        """The same exchange, complete."""

    def flush(self) -> None:
        """End of a batch: make what was handed over durable; once this returns it is never handed over again.

        What raises is tried again with nothing new handed over; :class:`~claude_lens.errors.NotNow` is no
        fault, :class:`~claude_lens.errors.Refused` commits all but the exchanges it names.
        """

    def close(self) -> None:
        """Flush and release everything, within a bounded time."""


@runtime_checkable
class Idling(Protocol):
    """A sink that also has something to do while nothing comes."""

    def idle(self) -> None:
        """Called about once a second while nothing comes."""


@runtime_checkable
class Following(Protocol):
    """A sink that wants to know how far answers have come while they come."""

    def follow(self, beats: Beats) -> None:
        """By the ids of exchanges, a few times a second; one that is unknown or has ended is passed over."""


@runtime_checkable
class Counting(Protocol):
    """A sink with counters of its own for ``lensctl status``."""

    def counters(self) -> dict[str, Any]:
        """JSON: what it did and what waits."""


class SinkFactory(Protocol):
    """What an entry point names: opens the sink, or returns None where the settings switch it off."""

    def __call__(self, settings: Settings) -> Sink | None: ...


def factories(only: frozenset[str] | None = None) -> dict[str, SinkFactory]:
    """All installed factories by name, in alphabetical order; ``only`` restricts our own ones."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return {
        entry.name: entry.load()
        for entry in found
        if only is None or entry.name in only or not entry.value.startswith("claude_lens.")
    }
