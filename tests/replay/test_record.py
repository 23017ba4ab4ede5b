from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.errors import UserError
from claude_lens.exchange import GONE, Agent, Exchange, Response
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.record import Record, read
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.sink import open_sink
from tests.harness.lens import Lens
from tests.replay.conftest import ASKED, BASH, SESSION, body, exchange, said, session, text, user


def load(reader: Reader) -> Record:
    with reader.connect() as connection:
        return read(connection, SESSION, Comparing())


def of(owner: Lens, *some: Exchange) -> Record:
    sink = open_sink(owner.settings)
    for one in some:
        sink.ended(one)
    sink.close()
    with open_reader(owner.settings) as reader:
        return load(reader)


def test_requests_prompts_and_calls(stored: Reader) -> None:
    record = load(stored)
    assert [(one.line, one.turn) for one in record.requests] == [
        ("main", 1),
        ("auxiliary", None),
        ("main", 2),
        ("main", 2),
        ("main", 3),
    ]
    assert [(one.words, one.before, one.effort) for one in record.prompts] == [
        ("look around", 0, "high"),
        ("again", 4, "high"),
    ]
    assert (record.interactive, record.entry, record.commit) == (False, "sdk-cli", "abc-dirty")
    assert (record.main_model, record.problems) == ("claude-sonnet-4-5", [])
    assert record.results[str(BASH["id"])].text == "a.txt"
    assert record.calls[str(BASH["id"])].name == "Bash"


def test_pictures_come_as_they_were_given(owner: Lens) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    asked = body(user(text("<system-reminder>x</system-reminder>"), text("see"), picture))
    (prompt,) = of(owner, exchange(0, asked, [text("seen")])).prompts
    assert prompt.content == [text("see"), picture]


def test_a_compaction_was_asked_for(owner: Lens) -> None:
    asked = user(text("Your task is to create a detailed summary of it.\nAdditional Instructions:\nbe brief"))
    summary = exchange(
        1,
        body(user(text("go")), said(text("gone")), asked),
        [text("<summary>x</summary>")],
        request_class="compaction",
        compaction="manual",
    )
    by_itself = replace(
        summary,
        id="f" * 32,
        started_at=summary.started_at + 1,
        identity=replace(summary.identity, compaction="auto"),
    )
    record = of(owner, exchange(0, body(user(text("go"))), [text("gone")]), summary, by_itself)
    assert [one.words for one in record.prompts] == ["go", "/compact be brief"]


def test_what_cannot_be_given_again_is_named(owner: Lens) -> None:
    first, title, failed, *rest = session()
    assert rest[0].response is not None
    gone = replace(
        rest[0], response=Response(headers=rest[0].response.headers, body=GONE, json=rest[0].response.json)
    )
    broken = replace(failed, status="cancelled")
    nothing = replace(rest[1], response=None)
    record = of(owner, first, title, broken, gone, nothing)
    assert [one.id for one in record.requests] == [first.id, title.id, gone.id]
    assert len(record.problems) == 3
    assert "broken off before an end" in record.problems[0]
    assert "without an answer" in record.problems[1]
    assert "answered from the message" in record.problems[2]


def test_nothing_to_replay(owner: Lens) -> None:
    with pytest.raises(UserError, match="was imported from a transcript"):
        of(owner, replace(exchange(0, ASKED[0], [text("x")]), lane="imported"))


def test_who_was_told_of_which_agent(owner: Lens) -> None:
    notice = "<task-notification>\n<task-id>{}</task-id>\n</task-notification>"
    agents = [
        exchange(
            1 + at,
            body(user(text(f"look {at}"))),
            [text("seen")],
            agent=Agent(id=f"a{at}"),
            request_class="subagent",
        )
        for at in range(2)
    ]
    first = body(user(text("go")), said(text("started")), user(text(notice.format("a0"))))
    second = body(*first["messages"], said(text("ok")), user(text(notice.format("a1"))))
    record = of(
        owner,
        exchange(0, body(user(text("go"))), [text("started")]),
        *agents,
        exchange(3, first, [text("ok")]),
        exchange(4, second, [text("done")]),
    )
    assert record.awaits == {1: 0, 2: 3}
