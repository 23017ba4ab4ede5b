from collections.abc import Callable
from pathlib import Path

from claude_lens.store import database
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from tests.harness.postgres import Postgres
from tests.store.conftest import Make, ask, body_of, change, message_of
from tests.store.earlier import take_back
from tests.store.migrations.versions.conftest import Older

COLLATIONS = (
    "SELECT DISTINCT collation_name FROM information_schema.columns "
    "WHERE table_schema = 'public' AND data_type IN ('text', 'character varying') "
    "AND table_name <> 'schema_version'"
)


def test_nothing_changes_on_sqlite(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0003")
    before = one.fill(recorded)

    one.upgrade("0004")

    assert one.rows() == before


def test_a_database_of_before_becomes_searchable(postgres: Postgres, make: Make) -> None:
    url = postgres.fresh()
    sink = StoreSink(url)
    sink.ended(make(body_of("apple"), message_of(0)))
    sink.close()
    before = ask(url, "SELECT * FROM totals")
    change(url, "DROP TABLE search")
    take_back(url, "0004")
    change(url, 'ALTER TABLE sessions ALTER COLUMN session_id TYPE VARCHAR COLLATE "default"')
    change(url, "UPDATE schema_version SET version_num = '0003'")

    with Reader(url) as reader, reader.connect() as connection:
        assert [hit["part"] for hit in search(connection, parse("apple"))] == ["prompt"]
    assert ask(url, "SELECT * FROM totals") == before
    assert ask(url, COLLATIONS) == [("C",)]
    database.open_writer(database.parse(url)).dispose()
    postgres.drop(url)
