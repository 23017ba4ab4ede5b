from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event

from claude_lens.exact import dump
from claude_lens.exchange import Agent, Exchange
from claude_lens.store import database
from claude_lens.store.maintenance.rebuild import rebuild
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.reading.search import parse, search
from claude_lens.store.rows import Item
from claude_lens.store.schema import exchanges
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.pages import markdown
from claude_lens.store.writing.batch import Batch
from claude_lens.store.writing.writer import Writer
from tests.store.conftest import Make, NewUrl, ask, body_of, change, message_of


def count(url: str, table: str) -> int:
    ((found,),) = ask(url, f"SELECT count(*) FROM {table}")
    return int(found)


def test_a_turn_adds_its_own_elements_and_nothing_else(url: str, sink: StoreSink, make: Make) -> None:
    prompts = [f"prompt {index}" for index in range(30)]
    grown = []
    for turn in range(1, 31):
        sink.ended(make(body_of(*prompts[:turn]), message_of(turn - 1)))
        sink.flush()
        grown.append((count(url, "contents"), count(url, "nodes")))

    # A prompt and an answer: two contents. The answer's step is only known once the next request sends it.
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(grown)]
    assert steps == [(2, 2)] * 29


def test_an_answer_that_comes_back_as_history_is_the_same_content(
    url: str, sink: StoreSink, make: Make
) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    before = count(url, "contents")
    sink.ended(make(body_of("a", "b"), {"error": {}}))
    sink.flush()

    # Of the new request's two last elements, only the prompt.
    assert count(url, "contents") == before + 1


def test_sessions_and_agents_share_tools_and_system(url: str, sink: StoreSink, make: Make) -> None:
    sink.arrived(make(body_of("a")))
    sink.flush()
    before = count(url, "contents"), count(url, "nodes")
    sink.arrived(make(body_of("a"), session="another", agent=Agent(id="a1", evidence="headers")))
    sink.flush()

    assert (count(url, "contents"), count(url, "nodes")) == before


def test_duplicate_elements_are_one_content(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    body = {"messages": [{"role": "user", "content": "again"}] * 20}
    sink.arrived(make(body))
    sink.flush()

    assert reader.rebuild("last") == body
    # The element, the params, and the facts.
    assert count(url, "contents") == 3


def test_one_batch_or_many_make_the_same_rows(new_url: NewUrl, make: Make) -> None:
    urls = [new_url(name) for name in ("one", "many")]
    items = [
        make(body_of(*("p" * n for n in range(1, turn)), f"x{turn}"), message_of(turn))
        for turn in range(1, 9)
    ]
    for url, size in zip(urls, (8, 1), strict=True):
        writer = Writer(url)
        for start in range(0, 8, size):
            writer.write([Item(each) for each in items[start : start + size]])
        writer.close()

    for table in ("contents", "nodes", "exchanges", "payloads"):
        assert count(urls[0], table) == count(urls[1], table)
    with Reader(urls[0]) as one, Reader(urls[1]) as many:
        assert one.show("last") == many.show("last")


def test_a_second_writer_finds_what_the_first_wrote(url: str, make: Make) -> None:
    writers = [Writer(url), Writer(url)]
    prompts = [f"p{index}" for index in range(12)]
    for turn in range(1, 13):
        writers[turn % 2].write([Item(make(body_of(*prompts[:turn]), message_of(turn - 1)))])
    for writer in writers:
        writer.close()

    # Billing line, prompt, three tools, params, facts; a prompt and an answer a turn.
    assert count(url, "contents") == 2 + 3 + 2 + 2 * 12
    with Reader(url) as reader:
        assert verify(reader).sound
        assert len(reader.exchanges("last")) == 12


def test_what_was_deleted_is_written_again_once_the_generation_changes(url: str, make: Make) -> None:
    writer = Writer(url)
    writer.write([Item(make(body_of("a"), message_of(0)))])
    for table in ("payloads", "exchanges", "sessions", "contents", "streams"):
        change(url, f"DELETE FROM {table}")
    change(url, "DELETE FROM nodes WHERE id > 0")
    change(url, "UPDATE meta SET value = 'next' WHERE key = 'generation'")

    exchange = make(body_of("a"), message_of(0))
    writer.write([Item(exchange)])
    writer.close()

    with Reader(url) as reader:
        assert reader.rebuild("last") == exchange.request.json
        assert verify(reader).sound


def test_the_next_turn_takes_a_bounded_number_of_statements(url: str, make: Make) -> None:
    writer = Writer(url)
    prompts = [f"p{index}" for index in range(200)]
    writer.write([Item(make(body_of(*prompts[:199]), message_of(198)))])
    seen: list[str] = []
    event.listen(writer.open(), "before_cursor_execute", lambda *args: seen.append(args[2]))

    writer.write([Item(make(body_of(*prompts), message_of(199)))])
    writer.close()

    assert len(seen) <= 25, seen


def test_a_title_the_project_and_the_span_of_a_session_are_kept(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    title = {"content": [{"type": "text", "text": '{"title": "Own title"}'}], "role": "assistant"}
    sink.ended(make(body_of("later"), message_of(0), at=200.0, project=None))
    sink.flush()
    assert reader.sessions()[0]["title"] == "later"
    sink.ended(make(body_of("first"), title, at=100.0, request_class="auxiliary"))
    sink.flush()

    (session,) = reader.sessions()
    assert (session["title"], session["project"]) == ("Own title", "/home/me/app")
    assert session["started_at"] == "1970-01-01T00:01:40.000Z"


@pytest.mark.parametrize("turn", [1, 40])
def test_a_cold_start_in_mid_session_shares_all_the_same(url: str, make: Make, turn: int) -> None:
    prompts = [f"p{index}" for index in range(turn + 1)]
    for number in (turn, turn + 1):
        writer = Writer(url)
        writer.write([Item(make(body_of(*prompts[:number]), message_of(number - 1)))])
        writer.close()

    assert count(url, "nodes") == 1 + 2 + 3 + 2 * (turn + 1) - 1


FUNCTION = {"name": "look", "arguments": '{"at": "the pond"}'}
CHAT_CALL = {"id": "call_abcdefghijklmnop", "type": "function", "function": FUNCTION}
CHAT_ANSWER = {"role": "assistant", "content": "a heron maybe", "refusal": None, "tool_calls": [CHAT_CALL]}
ITEMS: list[dict[str, Any]] = [
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "an egret"}]},
    {"type": "function_call", "call_id": "call_ponmlkjihgfedcba", **FUNCTION},
]


def of_other_apis(make: Make) -> list[Exchange]:
    """Two turns of chat completions, two of Responses, one plain completion; and what is no conversation."""
    asked = {"role": "user", "content": "which bird?"}
    chat = {"model": "m", "messages": [asked]}
    came = {"role": "tool", "tool_call_id": CHAT_CALL["id"], "content": "grey feathers"}
    more = {"model": "m", "messages": [asked, CHAT_ANSWER, came]}
    done = {"role": "assistant", "content": "a heron surely"}
    output = {"type": "function_call_output", "call_id": "call_ponmlkjihgfedcba", "output": "white feathers"}
    white = {"role": "user", "content": [{"type": "input_text", "text": "a whiter duck?"}]}
    swan = [{"type": "output_text", "text": "a swan then"}]
    at = {"session": "chat", "request_class": None, "endpoint": "/v1/chat/completions"}
    to = {"session": "responses", "request_class": None, "endpoint": "/v1/responses"}
    plain = {"session": "plain", "request_class": None, "endpoint": "/v1/completions"}
    other = {"session": "other", "request_class": None, "endpoint": "/v1/embeddings"}

    def response(*items: dict[str, Any]) -> dict[str, Any]:
        return {"object": "response", "output": list(items), "error": None}

    return [
        make(chat, {"object": "chat.completion", "choices": [{"index": 0, "message": CHAT_ANSWER}]}, **at),
        make(more, {"object": "chat.completion", "choices": [{"index": 0, "message": done}]}, **at),
        make({"model": "m", "input": [white]}, response(*ITEMS), **to),
        make({"model": "m", "input": [white, *ITEMS, output]}, response({**ITEMS[0], "content": swan}), **to),
        make({"model": "m", "prompt": "once upon"}, {"choices": [{"text": " a stork"}]}, **plain),
        make({"model": "m", "input": "once embedded"}, {"object": "list", "data": [[0.5]]}, **other),
    ]


def test_what_other_apis_say_is_found_once_and_rebuilds_as_it_was(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    told = of_other_apis(make)
    for one in told:
        sink.arrived(replace(one, status="running", response=None))
        sink.ended(one)
    sink.flush()

    def found(words: str) -> list[str]:
        with reader.connect() as connection:
            return [hit["exchange_id"] for hit in search(connection, parse(words))]

    def check() -> None:
        for words, index in (
            ("maybe", 0),
            ("bird", 0),
            ("grey", 1),
            ("surely", 1),
            ("egret", 2),
            ("whiter", 2),
            ("white", 3),
            ("swan", 3),
            ("upon", 4),
            ("stork", 4),
        ):
            assert found(words) == [told[index].id], words
        assert sorted(found("pond")) == sorted([told[0].id, told[2].id])
        assert not found("embedded")

    check()
    with reader.connect() as connection:
        again = {one.id: one for one in restored(connection, exchanges.c.id > 0)}
    for one in told:
        assert one.response is not None
        back = again[one.id]
        assert back.request.json == one.request.json
        assert back.response is not None
        assert dump(back.response.json) == dump(one.response.json)
    assert verify(reader).damage == []
    used = ask(url, "SELECT tool, calls, results FROM calls ORDER BY exchange")
    assert [tuple(row) for row in used] == [("look", 1, 0), ("look", 0, 1)] * 2
    # The first prompt is the title too.
    for session, words in (
        ("chat", {"which bird": 2, "maybe": 1, "look called": 1, "grey": 1, "surely": 1}),
        ("responses", {"whiter": 2, "egret": 1, "look called": 1, "white feathers": 1, "swan": 1}),
    ):
        text = "".join(markdown(reader, session))
        assert {each: text.count(each) for each in words} == words

    engine = database.open_writer(database.parse(url))
    with engine.begin() as connection:
        rebuild(connection)
    engine.dispose()
    check()


def test_the_newest_message_in_another_form_does_not_make_all_others_new(
    sink: StoreSink, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as a list, since it is marked, and as a string from then on."""
    noted: list[int] = []
    kept = Batch._occur

    def occur(self: Batch, pieces: Sequence[tuple[int, bytes, Any]], session: int, exchange: int) -> None:
        noted.append(len(pieces))
        kept(self, pieces, session, exchange)

    monkeypatch.setattr(Batch, "_occur", occur)
    said: list[dict[str, Any]] = []
    for turn in range(6):
        newest = {"role": "user", "content": [{"type": "text", "text": f"prompt {turn}"}]}
        sink.ended(make({"model": "m", "messages": [*said, newest]}, message_of(turn)))
        sink.flush()
        said += [{"role": "user", "content": f"prompt {turn}"}, {"role": "assistant", "content": f"{turn}"}]
    assert max(noted) <= 3
