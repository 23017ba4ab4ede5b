"""What the writer takes for the same message: in the index, in occurrences, and what is kept of each form."""

from __future__ import annotations

from typing import Any

from claude_lens.store.reading import turns
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, ask, indexed

S = "11111111-aaaa"
MARK = {"type": "ephemeral"}
ID = "toolu_01b51ebb6d8884d1e317922c"
EDIT = {"file_path": "/a.py", "old_string": "walnut", "new_string": "hazelnut"}


def prompt(text: str, last: bool = False) -> dict[str, Any]:
    content: Any = [{"type": "text", "text": text, "cache_control": MARK}] if last else text
    return {"role": "user", "content": content}


def answer(arguments: Any, text: str = "I change pecan.", id: str = ID) -> dict[str, Any]:
    use = {"type": "tool_use", "id": id, "name": "Edit", "input": arguments}
    return {"role": "assistant", "content": [{"type": "text", "text": text}, use]}


def body(*messages: Any) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages), "max_tokens": 9}


def result(last: bool = False) -> dict[str, Any]:
    block = {
        "type": "tool_result",
        "tool_use_id": ID,
        "content": "changed",
        **({"cache_control": MARK} if last else {}),
    }
    return {"role": "user", "content": [block]}


def conversation(make: Make, **more: Any) -> list[Any]:
    """Three turns as a client sends them: the newest message in one form, later in another."""
    again = answer({"replace_all": False, **EDIT})
    end = {"role": "assistant", "content": [{"type": "text", "text": "It is chestnut."}]}
    early = (prompt("eat almond"), again)
    return [
        make(body(prompt("eat almond", True)), {"id": "1", **answer(EDIT)}, **more),
        make(body(*early, result(True)), {"id": "2", **end}, **more),
        make(body(*early, result(), end, prompt("now peanut", True)), {"id": "3", **end}, **more),
    ]


def hits(reader: Reader, words: str) -> list[tuple[str, str, int]]:
    with reader.connect() as connection:
        return [(hit["session_id"], hit["part"], hit["turn"]) for hit in search(connection, parse(words))]


def check(url: str, reader: Reader) -> None:
    assert hits(reader, "almond") == [(S, "prompt", 1)]
    assert hits(reader, "hazelnut") == [(S, "input", 1)]
    assert hits(reader, "pecan") == [(S, "answer", 1)]
    assert hits(reader, "peanut") == [(S, "prompt", 3)]
    assert hits(reader, "chestnut") == [(S, "answer", 2)]
    assert len(indexed(url, "almond", "hazelnut", "changed", "chestnut", "peanut")) == 5


def test_each_is_found_once_where_it_was_said(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    for one in conversation(make):
        sink.ended(one)
    sink.flush()
    check(url, reader)


def test_whatever_is_in_one_transaction(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    for one in conversation(make):
        sink.arrived(make(one.request.json, id=one.id))
        sink.flush()
        sink.ended(one)
        sink.flush()
        sink.writer.close()
    check(url, reader)


def test_bodies_come_back_as_they_were(sink: StoreSink, reader: Reader, make: Make) -> None:
    sent = conversation(make)
    for one in sent:
        sink.ended(one)
    sink.flush()
    for one in sent:
        assert reader.rebuild(one.id) == one.request.json
        found = reader.bodies(one.id)
        assert found is not None
        assert found.response == one.response.json


def test_the_page_has_each_once(sink: StoreSink, reader: Reader, make: Make) -> None:
    for one in conversation(make):
        sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        steps = turns.steps(connection, S)
        found = turns.load(connection, {key for step in steps for key in step.fresh})
    assert [[found[key]["content"] for key in step.fresh] for step in steps] == [
        [[{"type": "text", "text": "eat almond"}]],
        [result()["content"]],
        [[{"type": "text", "text": "now peanut"}]],
    ]


def test_another_session_has_its_own_place(sink: StoreSink, reader: Reader, make: Make) -> None:
    for one in (*conversation(make), *conversation(make, session="fork")[2:]):
        sink.ended(one)
    sink.flush()
    assert sorted(hits(reader, "hazelnut")) == [(S, "input", 1), ("fork", "input", 1)]


def test_an_id_that_was_given_out_twice_hides_nothing(sink: StoreSink, reader: Reader, make: Make) -> None:
    other = {"file_path": "/b.py", "old_string": "oak", "new_string": "beech"}
    sink.ended(make(body(prompt("one", True)), {"id": "1", **answer(EDIT)}))
    sink.ended(make(body(prompt("two", True)), {"id": "2", **answer(other)}))
    sink.flush()
    assert hits(reader, "walnut") == [(S, "input", 1)]
    assert hits(reader, "beech") == [(S, "input", 2)]


def test_what_stands_for_nothing_else_costs_no_row(url: str, sink: StoreSink, make: Make) -> None:
    for one in conversation(make):
        sink.ended(one)
    sink.flush()
    # Two prompts and an answer with a call came in a form that is not the plain one.
    assert ask(url, "SELECT count(*) FROM identities") == [(3,)]
    assert ask(url, "SELECT count(*) FROM aliases") == [(2,)]


def test_a_title_is_asked_for_with_words_that_are_said_already(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    sink.ended(conversation(make)[0])
    asked = "<session> eat almond </session> Write the title of this session."
    told = {"role": "assistant", "content": [{"type": "text", "text": '{"title": "Nutty"}'}]}
    sink.ended(make(body(prompt(asked)), {"id": "t", **told}, request_class="auxiliary"))
    sink.flush()
    assert hits(reader, "almond") == [(S, "prompt", 1)]
    assert len(hits(reader, "Nutty")) == 1
