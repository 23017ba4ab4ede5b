"""Traces of recorded sessions, built and sent later. Ids are those of live tracing, so nothing doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from claude_lens.errors import HostError, UserError
from claude_lens.exchange import Exchange
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges
from claude_lens.store.schema import sessions as session_table
from claude_lens.tracing import backends
from claude_lens.tracing.backends import Backend
from claude_lens.tracing.building import build_tree
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.sink import adopt_environment
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree

AT_ONCE = 50
BATCH = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """What a back-fill sent to one backend."""

    backend: str
    endpoint: str
    spans: int


def spans_of(tree: Tree, recorded: Iterator[Exchange]) -> Iterator[Span]:
    """The spans of exchanges given in order of time; exchanges that still run are left out."""
    for exchange in recorded:
        if exchange.status != "running":
            yield from tree.ended(exchange)
    yield from tree.close()


def recorded(reader: Reader, session: str) -> Iterator[Exchange]:
    """The exchanges of the session with this id, in order of time, never many in memory at once."""
    with reader.connect() as connection:
        query = exchanges.join(session_table).select().with_only_columns(exchanges.c.id)
        query = query.where(session_table.c.session_id == session)
        query = query.order_by(exchanges.c.started_at, exchanges.c.exchange_id)
        keys = [key for (key,) in connection.execute(query)]
        for start in range(0, len(keys), AT_ONCE):
            yield from restored(connection, exchanges.c.id.in_(keys[start : start + AT_ONCE]))


def send_session(settings: Settings, reader: Reader, prefix: str, to: str | None = None) -> list[Sent]:
    """Build the traces of a session and send them to the configured backends, or to the one at ``to``.

    ``prefix``: a session's id, its beginning or ``last``. Raises :class:`UserError` where no backend is
    named, :class:`HostError` where one does not take a batch.
    """
    return send_sessions(settings, reader, [reader.session(prefix)["id"]], to)


def send_sessions(
    settings: Settings,
    reader: Reader,
    sessions: Sequence[str],
    to: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Sent]:
    """As :func:`send_session`, for the sessions with these ids; ``progress`` hears how many are done."""
    environ = adopt_environment(settings)
    chosen = [backends.at(to)] if to else backends.configured(environ)
    if not chosen:
        raise UserError("no backend: set ARIZE_API_KEY and ARIZE_SPACE_ID, or name one with --to URL")
    resource, counts = resource_attributes(environ), dict.fromkeys(range(len(chosen)), 0)
    for done, session in enumerate(sessions, 1):
        spans = list(spans_of(build_tree(settings, None), recorded(reader, session)))
        for number, backend in enumerate(chosen):
            counts[number] += _send(backend, resource, spans).spans
        progress(done)
    return [Sent(one.name, one.address, counts[number]) for number, one in enumerate(chosen)]


def _send(backend: Backend, resource: dict[str, str], spans: Sequence[Span]) -> Sent:
    sender = Sender(backend, resource)
    try:
        for start in range(0, len(spans), BATCH):
            attempt = sender.send(spans[start : start + BATCH])
            if not attempt.ok or attempt.rejected:
                raise HostError(f"{backend.address} does not take spans: {attempt.problem}")
    finally:
        sender.close()
    return Sent(backend.name, backend.address, len(spans))
