from __future__ import annotations

from sqlalchemy import delete, func, select

from claude_lens.exchange import Cost
from claude_lens.store import database
from claude_lens.store.maintenance.reprice import reprice
from claude_lens.store.maintenance.sweep import Sweep
from claude_lens.store.maintenance.upkeep import note_deletion, opened
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.rows import Item
from claude_lens.store.schema import contents, exchanges, nodes, payloads, streams
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.writer import Writer
from tests.store.conftest import Make, ask, body_of, indexed, message_of
from tests.store.writing.test_identities import check, conversation


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


def test_what_a_message_is_known_as_stays_with_it(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    first, again, _ = conversation(make)
    for one in (first, again):
        sink.ended(one)
    sink.flush()
    drop(url, first.id)
    with opened(database.parse(url)) as engine:
        Sweep(engine).run()
    assert reader.rebuild(again.id) == again.request.json
    assert verify(reader).sound
    assert len(indexed(url, "almond")) == len(indexed(url, "pecan")) == 1

    drop(url, again.id)
    with opened(database.parse(url)) as engine:
        Sweep(engine).run()
    assert ask(url, "SELECT * FROM aliases") == ask(url, "SELECT * FROM identities") == []
    assert indexed(url, "almond", "pecan") == []
    for one in conversation(make):
        sink.ended(one)
    sink.flush()
    check(url, reader)


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


def test_what_an_ended_exchange_refers_to_again_stays(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    """Between looking and deleting, one is priced as a forgotten one was, another ends again as one did."""
    prices = {"input_cost_per_token": 3.0, "output_cost_per_token": 5.0}
    gone = make(body_of("gone"), message_of(1), cost=Cost(usd=9.0, prices=prices))
    cheap = make(body_of("kept"), message_of(2))
    late = make(body_of("late"), status="interrupted")
    for one in (gone, cheap, late):
        sink.ended(one)
    sink.flush()
    drop(url, gone.id)

    def meanwhile(share: float) -> None:
        if share < 1:
            assert reprice(url, lookup=lambda *_: prices).changed == 1
            sink.ended(make(body_of("late"), message_of(1), id=late.id))
            sink.flush()

    with opened(database.parse(url)) as engine:
        sweep = Sweep(engine)
        sweep.run(meanwhile)
        assert (sweep.nodes, sweep.contents) == (1, 1)
    with reader.connect() as connection:
        found = {one.id: one for one in restored(connection)}
    assert found[cheap.id].cost.prices == prices
    answer = found[late.id].response
    assert answer is not None
    assert answer.json == message_of(1)
    report = verify(reader)
    assert report.sound, report.damage
