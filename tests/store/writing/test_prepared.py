"""Statements compiled once say the same as those that are compiled each time, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, bindparam, func, select

from claude_lens.store import database
from claude_lens.store.schema import contents, meta, occurrences
from claude_lens.store.writing.prepared import MOST, Prepared


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = database.open_writer(database.parse(url))
    with engine.begin() as found:
        yield found
    engine.dispose()


def row(number: int, **more: object) -> dict[str, object]:
    data = b"%d\0\xff" % number
    return {
        "id": number,
        "digest": b"d" * 14 + b"%02d" % (number % 100),
        "codec": 0,
        "size": 3,
        "data": data,
        **more,
    }


INSERT = Prepared(lambda insert, _: insert(contents))
BY_ID = Prepared(
    lambda _, names: (
        select(contents.c.id, contents.c.data)
        .where(contents.c.id.in_([bindparam(name) for name in names]))
        .order_by(contents.c.id)
    )
)


def test_rows_are_written_in_any_order_of_their_names(connection: Connection) -> None:
    INSERT.run(connection, [])
    INSERT.run(connection, [row(1), row(2)])
    INSERT.run(connection, [dict(reversed(row(3).items()))])
    INSERT.run(connection, [dict(sorted(row(4).items())), row(5)])
    found = connection.execute(select(contents).order_by(contents.c.id)).mappings().all()
    assert [{**one} for one in found] == [row(number) for number in range(1, 6)]


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, MOST])
def test_any_number_of_values_is_asked_about(connection: Connection, count: int) -> None:
    INSERT.run(connection, [row(1), row(2), row(70)])
    found = BY_ID.among(connection, list(range(1, count + 1))).all()
    assert [tuple(one) for one in found] == [(n, b"%d\0\xff" % n) for n in (1, 2, 70) if n <= count]


def test_what_a_statement_always_says_is_said(connection: Connection) -> None:
    found = Prepared(
        lambda _, __: select(meta.c.key, func.length(meta.c.key) + 7).where(
            meta.c.key.like("gen_r%"), meta.c.key != bindparam("other")
        )
    )
    assert tuple(found.ask(connection, other="x").one()) == ("generation", 17)
    assert found.ask(connection, other="generation").one_or_none() is None


def test_a_row_that_is_there_stays_where_it_is_asked_to(connection: Connection) -> None:
    add = Prepared(lambda insert, _: insert(occurrences).on_conflict_do_nothing())
    for exchange in (1, 2):
        add.run(connection, [{"content": 5, "session": 6, "exchange": exchange}])
    assert [tuple(one) for one in connection.execute(select(occurrences))] == [(5, 6, 1)]
