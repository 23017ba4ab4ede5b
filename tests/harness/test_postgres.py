from __future__ import annotations

import psycopg
import pytest

from tests.harness import postgres as harness
from tests.harness.postgres import Postgres


def test_databases_are_apart_and_ready(postgres: Postgres) -> None:
    one, other, bare = postgres.fresh(), postgres.fresh(), postgres.empty()
    for url, tables in ((one, 1), (other, 1), (bare, 0)):
        with psycopg.connect(url) as connection:
            query = "SELECT count(*) FROM pg_tables WHERE tablename = 'exchanges'"
            assert connection.execute(query).fetchone() == (tables,)
    for url in (one, other, bare):
        postgres.drop(url)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(one)


def test_it_is_wanted_where_it_is_there_or_has_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "programs", lambda: None)
    monkeypatch.delenv(harness.REQUIRED, raising=False)
    assert not harness.expected()
    monkeypatch.setenv(harness.REQUIRED, "1")
    assert harness.expected()
    with pytest.raises(RuntimeError, match="not installed"):
        Postgres()
