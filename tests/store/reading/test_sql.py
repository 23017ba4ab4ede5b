from __future__ import annotations

from typing import Any

import pytest

from claude_lens.errors import StoreError, UserError
from claude_lens.store.reading.sql import VIEWS, asked
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, ask, body_of, message_of


@pytest.fixture
def filled(url: str, sink: StoreSink, make: Make) -> str:
    for number in range(3):
        sink.ended(make(body_of("a"), message_of(number), session=f"s{number}"))
    sink.close()
    return url


def rows(url: str, query: str) -> list[Any]:
    with asked(url, query) as answer:
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def test_views(filled: str) -> None:
    assert rows(filled, "SELECT session_id, count(*) AS n FROM exchanges GROUP BY 1 ORDER BY 1;") == [
        {"session_id": f"s{number}", "n": 1} for number in range(3)
    ]
    assert {one["tool"] for one in rows(filled, "SELECT * FROM tool_calls")} == {"Bash"}
    assert rows(filled, "SELECT sum(cost_usd) AS usd FROM exchanges WHERE error IS NULL") == [{"usd": 0.75}]
    assert rows(filled, "SELECT 'a%' AS said") == [{"said": "a%"}]
    for name in VIEWS:
        rows(filled, f"SELECT * FROM {name}")


def test_many_rows(filled: str) -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203) SELECT i FROM n"
    assert [one["i"] for one in rows(filled, query)] == list(range(1, 1204))


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM exchanges",
        "SELECT 1; DELETE FROM exchanges",
        "COMMIT; DELETE FROM payloads",
        "SELECT 1; COMMIT; DELETE FROM payloads",
        "UPDATE sessions SET title = 'x'",
        "DROP TABLE streams",
        "DROP VIEW sessions",
        "PRAGMA query_only = OFF",
        "ATTACH '/dev/null' AS x",
        "SET TRANSACTION READ WRITE",
        "CREATE TABLE x (y INTEGER)",
        "SELECT nothing FROM sessions",
        "no sql",
        "",
    ],
)
def test_what_is_refused(filled: str, query: str) -> None:
    before = [ask(filled, f"SELECT count(*) FROM {name}") for name in ("exchanges", "payloads", "streams")]
    with pytest.raises(UserError, match="the database does not answer that: "):
        rows(filled, query)
    after = [ask(filled, f"SELECT count(*) FROM {name}") for name in ("exchanges", "payloads", "streams")]
    assert before == after


@pytest.mark.sqlite
def test_without_a_database(url: str) -> None:
    with pytest.raises(StoreError, match="there is no database yet"), asked(url, "SELECT 1"):
        pass
