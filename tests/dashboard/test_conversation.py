"""Turns out of exchanges: who said what, what a tool gave back, which agent was called where."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.dashboard import conversation
from claude_lens.dashboard.conversation import Session, Turn
from claude_lens.errors import NotFound
from claude_lens.exchange import Agent, Exchange
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make

S = "11111111-aaaa"


def user(*blocks: Any) -> dict[str, Any]:
    """A message of a human's, or of tools'."""
    return {
        "role": "user",
        "content": [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks],
    }


def said(*blocks: Any) -> dict[str, Any]:
    """An answer."""
    content = [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks]
    return {"id": "m", "type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}


def back(answer: dict[str, Any]) -> dict[str, Any]:
    """The same as the next request sends it."""
    return {"role": "assistant", "content": answer["content"]}


def use(name: str, id: str, **given: Any) -> dict[str, Any]:
    """A tool call."""
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def gave(id: str, text: str) -> dict[str, Any]:
    """Its result."""
    return {"type": "tool_result", "tool_use_id": id, "content": text}


def keep(sink: StoreSink, *exchanges: Exchange) -> None:
    """Write them."""
    for one in exchanges:
        sink.ended(one)
    sink.flush()


def turns(reader: Reader, agent: str | None = None, start: int = 0, end: int = 99) -> list[Turn]:
    """Turns of an agent."""
    with reader.connect() as connection:
        return conversation.window(connection, Session.read(connection, S), agent, start, end)


def words(blocks: list[Any]) -> str:
    """What is in them, roughly."""
    return " ".join(str(block.data) for block in blocks)


def test_each_turn_has_what_was_new(make: Make, sink: StoreSink, reader: Reader) -> None:
    first = said("hello there")
    keep(
        sink,
        make({"messages": [user("one")]}, first),
        make({"messages": [user("one"), back(first), user("two")]}, said("bye")),
    )
    found = turns(reader)
    assert ["one" in words(t.asked) for t in found] == [True, False]
    assert ["two" in words(t.asked) for t in found] == [False, True]
    assert ["hello there" in words(t.answered) for t in found] == [True, False]
    assert "hello there" not in words(found[1].asked)


def test_a_result_is_shown_with_its_call(make: Make, sink: StoreSink, reader: Reader) -> None:
    first = said("let me look", use("Bash", "t1", command="ls"))
    keep(
        sink,
        make({"messages": [user("go")]}, first),
        make({"messages": [user("go"), back(first), user(gave("t1", "a.txt"))]}, said("done")),
    )
    found = turns(reader)
    call = found[0].answered[1]
    assert "a.txt" in words(call.data["result"].data["parts"])
    assert found[1].asked == []
    # Also where the call is on a page before.
    assert turns(reader, start=1)[0].asked == []


def test_a_result_without_its_call_is_shown(make: Make, sink: StoreSink, reader: Reader) -> None:
    keep(sink, make({"messages": [user(gave("lost", "a.txt"), "go on")]}, said("ok")))
    assert "a.txt" in words(turns(reader)[0].asked)


def test_alone_an_exchange_shows_its_results(make: Make, sink: StoreSink, reader: Reader) -> None:
    first = said(use("Bash", "t1", command="ls"))
    keep(
        sink,
        make({"messages": [user("go")]}, first),
        make({"messages": [user("go"), back(first), user(gave("t1", "a.txt"))]}, said("done")),
    )
    with reader.connect() as connection:
        session = Session.read(connection, S)
        (turn,) = conversation.window(connection, session, None, 1, 2, alone=True)
    assert "a.txt" in words(turn.asked)


def test_an_answer_that_came_back_altered_is_not_doubled(make: Make, sink: StoreSink, reader: Reader) -> None:
    first = said("so", use("Bash", "t1", command="ls"))
    altered = {"role": "assistant", "content": [use("Bash", "t1", command="ls")]}
    keep(
        sink,
        make({"messages": [user("go")]}, first),
        make({"messages": [user("go"), altered, user(gave("t1", "x"))]}, said("done")),
    )
    assert turns(reader)[1].asked == []


def test_agents_are_in_their_calls(make: Make, sink: StoreSink, reader: Reader) -> None:
    child = Agent(
        id="a1", type="Explore", name="Explore", spawn_tool_use_id="t1", description="Look", evidence="spawn"
    )
    first = said(use("Agent", "t1", description="Look", prompt="look around"))
    keep(
        sink,
        make({"messages": [user("go")]}, first),
        make({"messages": [user("look around")]}, said("seen"), agent=child, request_class="subagent"),
        make({"messages": [user("go"), back(first), user(gave("t1", "seen"))]}, said("done")),
    )
    main = turns(reader)
    assert len(main) == 2
    spawned = main[0].answered[0].data["child"]
    assert (spawned.id, spawned.description, spawned.exchanges) == ("a1", "Look", 1)
    assert "seen" in words(turns(reader, "a1")[0].answered)
    assert all(not turn.orphans for turn in main)


def test_agents_without_a_known_call_are_shown_when_they_began(
    make: Make, sink: StoreSink, reader: Reader
) -> None:
    keep(
        sink,
        make({"messages": [user("go")]}, said("ok")),
        make(
            {"messages": [user("x")]}, said("y"), agent=Agent(id="a9", type="Plan"), request_class="subagent"
        ),
        make({"messages": [user("go"), back(said("ok")), user("on")]}, said("done")),
    )
    assert [[child.id for child in turn.orphans] for turn in turns(reader)] == [["a9"], []]


def test_requests_beside_the_conversation(make: Make, sink: StoreSink, reader: Reader) -> None:
    keep(
        sink,
        make({"messages": [user("title please")]}, said("{}"), request_class="auxiliary"),
        make({"messages": [user("count")]}, {"input_tokens": 3}, endpoint="/v1/messages/count_tokens"),
        make({"messages": [user("go")]}, said("ok")),
    )
    assert [turn.side for turn in turns(reader)] == [True, True, False]


def test_a_retry_shows_the_prompt_once(make: Make, sink: StoreSink, reader: Reader) -> None:
    body = {"messages": [user("try")]}
    failed = make(body, {"type": "error"}, status="error", http_status=529, error="Overloaded")
    keep(sink, failed, make(body, said("at last")))
    found = turns(reader)
    assert ["try" in words(turn.asked) for turn in found] == [True, False]
    assert found[0].answered == []


def test_reminders_in_a_row_are_one(make: Make, sink: StoreSink, reader: Reader) -> None:
    reminder = "<system-reminder>mind</system-reminder>"
    keep(sink, make({"messages": [user(reminder, reminder, "prompt")]}, said("ok")))
    assert [block.kind for block in turns(reader)[0].asked] == ["reminders", "text"]


def test_prompts_begin_turns(make: Make, sink: StoreSink, reader: Reader) -> None:
    first = said("hello", use("Bash", "t1", command="ls"))
    sent = [user("<system-reminder>x</system-reminder>", "first prompt")]
    keep(sink, make({"messages": sent}, first))
    keep(sink, make({"messages": [*sent, back(first), user(gave("t1", "x"))]}, said("z")))
    with reader.connect() as connection:
        session = Session.read(connection, S)
        assert conversation.prompts(connection, session.line(None)) == [(0, "first prompt")]


def test_without_bodies_there_are_turns_still(make: Make, settings: Any, reader: Reader) -> None:
    sink = StoreSink(settings.database_url, bodies=False)
    keep(sink, make({"messages": [user("go")]}, said("ok")))
    sink.close()
    (turn,) = turns(reader)
    assert (turn.asked, turn.answered) == ([], [])
    assert turn.one["usage"] is not None


def test_no_such_session(reader: Reader) -> None:
    with reader.connect() as connection, pytest.raises(NotFound):
        Session.read(connection, "nobody")


def test_durations_of_tools(make: Make, sink: StoreSink, reader: Reader) -> None:
    keep(sink, make({"messages": [user("go")]}, said("ok")))
    with reader.connect() as connection:
        (step,) = Session.read(connection, S).steps
    assert conversation.tool_durations(step) == {}
