from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from claude_lens.errors import UserError
from claude_lens.exchange import Agent
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import Hit, parse, search
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, ask, body_of, indexed

THOUGHT = "perhaps a Zahnrad is stuck"


def said(text: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}, *blocks]}


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    thinking = {"type": "thinking", "thinking": THOUGHT, "signature": "c2ln"}
    use = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "grep -r foo_bar.baz"}}
    first = body_of("Where is the café?")
    answer = said("Beside the station", thinking, use)
    sink.ended(make(first, answer, at=T0))
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "found NEEDLE here"}
    second = {
        **first,
        "messages": [
            *first["messages"],
            {"role": "assistant", "content": answer["content"]},
            {"role": "user", "content": [result]},
        ],
    }
    sink.ended(make(second, said("All done, station closed"), at=T0 + 10))
    other = Agent(id="a1", type="Explore", evidence="headers")
    sink.ended(make(body_of("look at the station"), said("ok"), agent=other, at=T0 + 86400))
    sink.ended(
        make(body_of("Where is the café?"), said("No idea"), session="zzz", project="/srv/web", at=T0 + 86500)
    )
    sink.flush()
    return reader


def find(reader: Reader, text: str, **options: Any) -> list[Hit]:
    with reader.connect() as connection:
        return search(connection, parse(text, UTC), **options)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("cafe", ["prompt", "prompt"]),
        ("zahnrad", ["thinking"]),
        ("needle", ["result"]),
        ("foo_bar.baz", ["input"]),
        ('"the station"', ["prompt", "answer"]),
        ('"station the"', []),
        ("stat*", ["prompt", "answer", "answer"]),
        ("station -closed", ["prompt", "answer"]),
        ("needle OR zahnrad", ["result", "thinking"]),
        ("station in:prompt", ["prompt"]),
        ("station agent:Explore", ["prompt"]),
        ("station agent:main", ["answer", "answer"]),
        ("cafe project:web", ["prompt"]),
        ("cafe project:/srv/web", ["prompt"]),
        ("needle tool:Bash", ["result"]),
        ("needle tool:Read", []),
        ("station model:claude-opus-5-5 before:2025-10-10", ["answer", "answer"]),
        ("station after:2025-10-10", ["prompt"]),
        ("cafe session:zz", ["prompt"]),
        ("cafe class:main", ["prompt", "prompt"]),
        ("cafe class:auxiliary", []),
    ],
)
def test_what_a_query_finds(filled: Reader, text: str, parts: list[str]) -> None:
    assert [hit["part"] for hit in find(filled, text)] == parts


def test_a_hit_says_where_it_is(filled: Reader) -> None:
    (hit,) = find(filled, "NEEDLE")

    assert (hit["session_id"], hit["turn"], hit["title"]) == ("11111111-aaaa", 2, "Where is the café?")
    assert [hit["snippet"][a:b] for a, b in hit["marks"]] == ["NEEDLE"]
    assert filled.exchange(hit["exchange_id"])["started_at"] == hit["started_at"]


def test_the_same_words_are_found_in_each_session(filled: Reader) -> None:
    assert [hit["session_id"] for hit in find(filled, "cafe")] == ["zzz", "11111111-aaaa"] or [
        hit["session_id"] for hit in find(filled, "cafe")
    ] == ["11111111-aaaa", "zzz"]


def test_pages_follow_each_other(filled: Reader) -> None:
    everything = [hit["cursor"] for hit in find(filled, "station")]
    first = find(filled, "station", limit=1)
    assert [first[0]["cursor"]] == everything[:1]
    assert [hit["cursor"] for hit in find(filled, "station", before=first[0]["cursor"])] == everything[1:]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('"open', "quotation mark"),
        ("OR x", "OR"),
        ("x OR", "OR"),
        ("", "no word"),
        ("-x", "no word"),
        ("agent:Explore", "no word"),
        ("x in:nowhere", "in:nowhere"),
        ("x after:soon", "no time"),
        ('x agent:""', "agent:"),
        ("!!! ***", "no word"),
        ("&& == 🎉", "no word"),
        ("x -agent:main", "only words can be excluded"),
        (" ".join(f"w{number}" for number in range(101)), "more than 100 words"),
    ],
)
def test_a_malformed_query_is_told_plainly(text: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint.replace("*", r"\*")):
        parse(text)


@pytest.mark.parametrize(
    "text", ["a NEAR b", "a AND (b", "x^2", "col:umn", "a + b", "'); DROP x; --", "x\x00y", "ﬁ*"]
)
def test_what_fts_would_stumble_over_are_only_words(filled: Reader, text: str) -> None:
    find(filled, text)


@pytest.mark.usefixtures("filled")
def test_each_content_is_indexed_once(url: str) -> None:
    rows = indexed(url, "station", "cafe")
    twice = ask(url, "SELECT count(*) FROM occurrences GROUP BY content, session")
    assert len(rows) == len(set(rows)) == 4
    assert set(twice) == {(1,)}


def test_an_empty_store_finds_nothing(reader: Reader) -> None:
    assert find(reader, "anything") == []
