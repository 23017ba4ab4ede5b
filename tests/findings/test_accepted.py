from __future__ import annotations

import pytest

from claude_lens.errors import NotFound
from claude_lens.findings.accepted import accept, accepted, by_prefix, dates, forget
from claude_lens.findings.look import Finding
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink

FINDING: Finding = {
    "id": "read-again-0011aabb",
    "kind": "read-again",
    "subject": "",
    "project": "/p",
    "measured": False,
    "usd": 0.5,
    "tokens": 10,
    "ms": 0.0,
    "count": 3,
    "sessions": 2,
    "sentence": "Files were read again.",
    "remedy": "do not",
    "evidence": ["x"],
    "accepted_at": None,
}


def test_the_date_is_noted_and_taken_back(sink: StoreSink, reader: Reader, url: str) -> None:
    assert accept(url, FINDING, 100.0) == 100.0
    assert accept(url, FINDING, 200.0) == 200.0
    with reader.connect() as connection:
        assert dates(connection) == {"read-again-0011aabb": 200.0}
        (one,) = accepted(connection)
    assert (one["kind"], one["project"], one["sentence"]) == ("read-again", "/p", "Files were read again.")
    forget(url, "read-again-0011aabb")
    with reader.connect() as connection:
        assert accepted(connection) == []


def test_the_beginning_of_an_id_is_enough_where_it_is_the_only_one() -> None:
    names = ["read-again-00", "read-again-01", "stalled-7"]
    assert by_prefix(names, "st") == "stalled-7"
    assert by_prefix([*names, "stalled"], "stalled") == "stalled"
    with pytest.raises(NotFound, match="could be any of read-again-00, read-again-01"):
        by_prefix(names, "read")
    with pytest.raises(NotFound, match="no finding 'x'"):
        by_prefix(names, "x")
