from __future__ import annotations

import pytest

from claude_lens.store.reading.matching import holds, values
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.schema import SEARCH_COLUMNS
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


@pytest.mark.parametrize(
    ("asked", "strict", "relaxed"),
    [
        ("a b", "(('a')) & (('b'))", "(('a')) & (('b'))"),
        ("get", "(('get') | ('=get'))", "(('get') | ('=get'))"),
        (
            "getAll",
            "(('get' <-> 'all') | ('getall') | ('=getall'))",
            "(('get' & 'all') | ('getall') | ('=getall'))",
        ),
        ('"A b*"', "(('a' <-> 'b'))", "(('a' & 'b'))"),
        ('"a b"*', "(('a' <-> 'b':*))", "(('a' & 'b':*))"),
        ("a OR b/c", "(('a') | ('b' <-> 'c'))", "(('a') | ('b' & 'c'))"),
        ("a -b -c/d", "(('a')) & !('b') & !('c' <-> 'd')", "(('a')) & !('b')"),
        ("a.b", "(('a' <-> '.' <-> 'b') | ('a' <-> 'b'))", "(('a' & '.' & 'b') | ('a' & 'b'))"),
        ("a .b", "(('a')) & (('.' <-> 'b'))", "(('a')) & (('.' & 'b'))"),
        ("a* in:thinking -b", "(('a':*C))", "(('a':*))"),
        ("a in:result", "(('a':D))", "(('a'))"),
    ],
)
def test_what_the_index_is_asked(asked: str, strict: str, relaxed: str) -> None:
    assert values(parse(asked).structure) == {"strict": strict, "relaxed": relaxed}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("one", True),
        ("on", False),
        ("on*", True),
        ('"one two"', True),
        ('"two one"', False),
        ('"two three"', False),
        ('"one tw"*', True),
        ("one four", True),
        ("one -four", False),
        ("one -five", True),
        ("five OR four", True),
        ("one in:prompt", True),
        ("four in:prompt", False),
        ("one in:prompt -four", True),
        ("ONETWO", False),
        ("threefour", False),
    ],
)
def test_the_texts_decide(asked: str, found: bool) -> None:
    texts = {"prompt": "One two", "result": "three four"}
    row = [texts.get(name, "") for name in SEARCH_COLUMNS]
    assert holds(row, parse(asked).structure) is found


def test_a_very_long_message_is_searched_to_its_end(sink: StoreSink, reader: Reader, make: Make) -> None:
    filler = " ".join(f"w{number % 97}" for number in range(30_000))
    sink.ended(make(body_of(f"{filler} golden needle {filler}", "needle golden"), message_of(0)))
    sink.flush()

    def found(asked: str) -> int:
        with reader.connect() as connection:
            return len(search(connection, parse(asked)))

    assert found('"golden needle"') == 1
    assert found('"needle golden"') == 1
    assert found("golden in:prompt") == 2
    assert found("golden in:result") == 0
    assert found('golden -"golden needle"') == 1


def test_pages_of_many_that_the_index_finds_and_the_texts_do_not(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    for number in range(30):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "walrus"}}
        body = body_of(f"prompt {number}")
        body["messages"].append({"role": "assistant", "content": [use]})
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": f"walrus {number}"}
        body["messages"].append({"role": "user", "content": [result if number % 7 == 0 else use]})
        sink.ended(make(body, message_of(number), session=f"s{number}"))
    sink.flush()
    with reader.connect() as connection:
        query = parse("walrus in:result")
        everything = search(connection, query)
        first = search(connection, query, limit=2)
        rest = search(connection, query, before=first[-1]["cursor"])
    assert [hit["session_id"] for hit in everything] == ["s28", "s21", "s14", "s7", "s0"]
    assert first + rest == everything
