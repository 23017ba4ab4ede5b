from __future__ import annotations

from sqlalchemy import select

from claude_lens.store import database
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import occurrences
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.derived import index, stored_calls, unindex
from tests.store.conftest import Make, body_of, indexed, message_of


def test_what_is_taken_out_of_the_index_is_not_found(url: str) -> None:
    engine = database.open_writer(database.parse(url))
    texts = {7: ("apple pear", "", "", "", ""), 8: ("", "apple", "", "", "")}
    with engine.begin() as connection:
        index(connection, texts)
        unindex(connection, {7: texts[7]})
    engine.dispose()
    assert indexed(url, "apple") == [8]


def test_occurrences_name_the_first_exchange_of_each_session(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    for session in ("one", "two"):
        for turn in (1, 2):
            sink.ended(make(body_of(*["x"] * turn), message_of(turn - 1), session=session))
            sink.flush()
    with reader.connect() as connection:
        rows = connection.execute(select(occurrences.c.session, occurrences.c.exchange)).all()
        tools = stored_calls(connection, [1, 2, 3, 4, 5])
    # Turn one brings a prompt and its answer, turn two a prompt and an answer more.
    assert sorted(map(tuple, rows)) == [(1, 1), (1, 1), (1, 2), (1, 2), (2, 3), (2, 3), (2, 4), (2, 4)]
    assert {key: used["Bash"].calls for key, used in tools.items()} == {1: 1, 2: 1, 3: 1, 4: 1}
