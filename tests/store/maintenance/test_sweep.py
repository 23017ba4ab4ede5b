from __future__ import annotations

from sqlalchemy import delete, func, select

from claude_lens.store import database
from claude_lens.store.maintenance.sweep import Sweep
from claude_lens.store.maintenance.upkeep import note_deletion, opened
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.rows import Item
from claude_lens.store.schema import contents, exchanges, nodes, payloads, streams
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.writer import Writer
from tests.store.conftest import Make, body_of, message_of


def drop(url: str, *ids: str) -> None:
    with opened(database.parse(url)) as engine, engine.begin() as connection:
        note_deletion(connection)
        keys = [
            k for (k,) in connection.execute(select(exchanges.c.id).where(exchanges.c.exchange_id.in_(ids)))
        ]
        connection.execute(delete(payloads).where(payloads.c.exchange.in_(keys)))
        connection.execute(delete(streams).where(streams.c.exchange.in_(keys)))
        connection.execute(delete(exchanges).where(exchanges.c.id.in_(keys)))


def test_only_what_nobody_needs_goes(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    kept, gone = make(body_of("same", "kept"), message_of(1)), make(body_of("same", "gone"), message_of(2))
    sink.ended(kept)
    sink.ended(gone)
    sink.flush()
    drop(url, gone.id)
    with opened(database.parse(url)) as engine:
        sweep = Sweep(engine)
        sweep.run()
        assert (sweep.nodes, sweep.contents) == (1, 2)
        again = Sweep(engine)
        again.run()
        assert (again.nodes, again.contents) == (0, 0)
    assert reader.rebuild(kept.id) == kept.request.json
    assert verify(reader).sound


def test_what_comes_meanwhile_is_safe(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    old, running = make(body_of("one", "two"), message_of(1)), make(body_of("other"))
    sink.ended(old)
    sink.arrived(running)
    sink.flush()
    drop(url, old.id)
    with opened(database.parse(url)) as engine:
        sweep = Sweep(engine)
        with engine.connect() as connection:
            sweep._mark(connection)
        # Between looking and deleting, the very same content is used again, and an answer comes.
        writer = Writer(url)
        new = make(body_of("one", "two", "three"), message_of(2))
        writer.write([Item(new), Item(make(body_of("other"), message_of(1), id=running.id))])
        writer.close()
        sweep.run()
    assert reader.rebuild(new.id) == new.request.json
    assert reader.exchange(running.id)["response"] is not None
    assert verify(reader).sound


def test_everything_can_go(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    one = make(body_of("a"), message_of(0))
    sink.ended(one)
    sink.flush()
    drop(url, one.id)
    with opened(database.parse(url)) as engine:
        Sweep(engine).run()
    with reader.connect() as connection:
        assert connection.execute(select(func.count()).select_from(contents)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(nodes)).scalar() == 1
