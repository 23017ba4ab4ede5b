"""Texts in ten scripts and names of twenty kinds are found by their parts and as a whole."""

from __future__ import annotations

from sqlalchemy import Connection

from claude_lens.store.reading.mentions import mentions
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make
from tests.store.reading.scripts import CASES, store


def found(connection: Connection, query: str, *, typing: bool = False) -> set[str]:
    return {hit["session_id"] for hit in search(connection, parse(query, typing=typing), limit=100)}


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_every_case(sink: StoreSink, reader: Reader, make: Make) -> None:
    store(sink, make)
    wrong = []
    with reader.connect() as connection:
        for name, case in CASES.items():
            wrong += [(name, query) for query in case.finds if name not in found(connection, query)]
            wrong += [(f"not {name}", query) for query in case.misses if name in found(connection, query)]
    assert wrong == []


def test_what_is_shown_and_marked(sink: StoreSink, reader: Reader, make: Make) -> None:
    store(sink, make)
    wrong = []
    with reader.connect() as connection:
        for name, case in CASES.items():
            hits = search(connection, parse(case.finds[0]), limit=100)
            (hit,) = (hit for hit in hits if hit["session_id"] == name)
            marks = hit["marks"]
            marked = hit["snippet"][marks[0][0] : marks[0][1]] if marks else ""
            whole = "".join(hit["snippet"][a:b] for a, b in marks)
            if hit["snippet"] != case.said or not case.marked.startswith(marked) or not marked:
                wrong.append((name, hit["snippet"], marked, whole))
    assert wrong == []


def test_while_it_is_typed(sink: StoreSink, reader: Reader, make: Make) -> None:
    store(sink, make)
    with reader.connect() as connection:
        for typed in ("Gr", "Grö", "Größ", "Größe"):
            assert ("latin" in found(connection, typed, typing=True)) is (len(typed) > 2)
        for typed in ("fooBarB", "foobarb", "dangerously-sk", "ข้อ", "成语接", "wide-o", "xmlhttpreq"):
            assert len(found(connection, typed, typing=True)) == 1, typed
        assert found(connection, "fooBarB ", typing=True) == set()
        assert found(connection, '"fooBarB"', typing=True) == set()
        assert found(connection, "env -flu", typing=True) == {"dotfile", "no_dotfile"}


def test_in_lists_of_sessions(sink: StoreSink, reader: Reader, make: Make) -> None:
    store(sink, make)
    with reader.connect() as connection:
        keys = {name: key for key, name in connection.exec_driver_sql("SELECT id, session_id FROM sessions")}
        for words, name in (
            ("成语", "han"),
            ("fooBa", "camel"),
            ("C++", "cpp"),
            ("--dangerously-sk", "flag"),
        ):
            said = mentions(connection, words)
            assert said is not None
            assert [each for each, key in keys.items() if said.content(key) is not None] == [name]
