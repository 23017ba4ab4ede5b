from __future__ import annotations

import io
import sys
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from claude_lens.errors import UserError
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer import parquet as room
from claude_lens.store.transfer.parquet import parquet
from tests.store.conftest import T0, Make, body_of, message_of


@pytest.fixture
def filled(url: str, sink: StoreSink, make: Make) -> str:
    for number in range(7):
        sink.ended(make(body_of("a"), message_of(number), session=f"it's {number % 2}"))
    sink.close()
    return url


def test_a_row_an_exchange_with_types(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_GROUP", 3)
    table = pq.read_table(io.BytesIO(b"".join(parquet(filled))))
    assert table.num_rows == 7
    assert str(table.schema.field("started_at").type) == "timestamp[ms, tz=UTC]"
    rows = table.to_pylist()
    assert [one["started_at"] for one in rows] == [datetime.fromtimestamp(T0 + n, UTC) for n in range(1, 8)]
    assert {one["cost_usd"] for one in rows} == {0.25}
    assert {one["cache_read_input_tokens"] for one in rows} == {100}
    assert {one["session_id"] for one in rows} == {"it's 0", "it's 1"}
    assert {one["error"] for one in rows} == {None}


def test_of_one_session_and_of_late(filled: str) -> None:
    def count(session: str | None, since: float | None) -> int:
        return int(pq.read_table(io.BytesIO(b"".join(parquet(filled, session, since)))).num_rows)

    assert (count("it's 1", None), count(None, T0 + 5), count("it's 1", T0 + 5)) == (3, 3, 1)
    assert count("none", None) == 0


def test_what_to_install(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match="pip install"):
        list(parquet(filled))
