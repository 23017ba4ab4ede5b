from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from claude_lens.exchange import Agent, Cost, Model, Usage
from claude_lens.store.insight.why import Reason, of_exchange, of_session
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import HEADERS, T0, Make, message_of

Body = dict[str, Any]
MARK = {"type": "ephemeral"}
PRICES = {
    "input_cost_per_token": 1e-5,
    "output_cost_per_token": 5e-5,
    "cache_read_input_token_cost": 1e-6,
    "cache_creation_input_token_cost": 1.25e-5,
    "cache_creation_input_token_cost_above_1hr": 2e-5,
}
EXPLORE = Agent(id="a1", evidence="headers")
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}}


def first() -> Body:
    return {
        "model": "claude-sonnet-4-5",
        "tools": [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "Read", "Grep")],
        "system": [
            {"type": "text", "text": "You help."},
            {"type": "text", "text": "Today is 2025-10-01.", "cache_control": MARK},
        ],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": MARK}]}],
        "thinking": {"type": "adaptive"},
        "max_tokens": 1000,
    }


def grown(body: Body) -> Body:
    """The next turn: the answer and a new prompt behind, the mark moved to the end."""
    new = copy.deepcopy(body)
    del new["messages"][-1]["content"][0]["cache_control"]
    last = {"type": "text", "text": "go on", "cache_control": MARK}
    new["messages"] += [
        {"role": "assistant", "content": [{"type": "text", "text": "hello"}]},
        {"role": "user", "content": [last]},
    ]
    return new


def edited(change: Callable[[Body], object]) -> Body:
    body = grown(first())
    change(body)
    return body


def reworded(body: Body) -> None:
    body["messages"][0]["content"][0]["text"] = "hi!"


def without_marks(body: Body) -> None:
    del body["system"][1]["cache_control"], body["messages"][-1]["content"][0]["cache_control"]


def anew(body: Body) -> None:
    body["messages"] = [
        {"role": "user", "content": [{"type": "text", "text": "Summary", "cache_control": MARK}]}
    ]


def pictured(body: Body) -> None:
    body["messages"][0]["content"].append(IMAGE)


def described(body: Body) -> None:
    body["tools"][1]["description"] = "x"


def extended(body: Body) -> None:
    body["tools"].append({"name": "New"})


def reversed_tools(body: Body) -> None:
    body["tools"].reverse()


def marked(body: Body) -> None:
    body["tools"][2]["cache_control"] = MARK


TWO_TURNS = {"before": grown(first())}
HIT = Usage(input_tokens=5, output_tokens=9, cache_read_input_tokens=10_000, cache_creation_input_tokens=200)
MISS = Usage(
    input_tokens=5,
    output_tokens=9,
    cache_creation_input_tokens=10_200,
    cache_creation_5m_input_tokens=10_200,
)
PARTIAL = Usage(
    input_tokens=5, output_tokens=9, cache_read_input_tokens=4_000, cache_creation_input_tokens=6_200
)
TINY = Usage(input_tokens=50, output_tokens=9)


def run(
    sink: StoreSink, reader: Reader, make: Make, body: Body, usage: Usage | None, **fields: Any
) -> Reason:
    """Send ``before``, then ``body``; why the second was, or was not, read from the cache."""
    before, betas = fields.pop("before", first()), fields.pop("betas", "")
    same = Model(requested="claude-sonnet-4-5", routed="claude-sonnet-4-5")
    shared = {"cost": Cost(usd=0.1, prices=PRICES), "session": "s", "model": same}
    sink.ended(make(before, message_of(0), at=T0, usage=MISS, **shared))
    last = make(body, message_of(1), **{**shared, "at": T0 + 60, "usage": usage, **fields})
    if betas:
        headers = (*HEADERS, ("anthropic-beta", betas))
        last = replace(last, request=replace(last.request, headers=headers))
    sink.ended(last)
    sink.flush()
    with reader.connect() as connection:
        found = of_exchange(connection, last.id)
        assert of_session(connection, "s")[-1] == found
    return found


def long(body: Body) -> Body:
    body = copy.deepcopy(body)
    body["system"][1]["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    return body


Expected = tuple[str, str | None, str | None, int | None]
CASES: list[tuple[str, Body, Usage | None, dict[str, Any], Expected]] = [
    ("grew as it should", grown(first()), HIT, {}, ("hit", None, None, None)),
    (
        "changed tool",
        edited(described),
        MISS,
        {},
        ("miss", "tools", "tools", 1),
    ),
    (
        "added tool",
        edited(extended),
        MISS,
        {},
        ("miss", "tools", "tools", 3),
    ),
    ("removed tool", edited(lambda b: b["tools"].pop()), MISS, {}, ("miss", "tools", "tools", 2)),
    (
        "reordered tools",
        edited(reversed_tools),
        MISS,
        {},
        ("miss", "tools order", "tools", 0),
    ),
    (
        "date in system",
        edited(lambda b: b["system"][1].update(text="Today is 2025-10-02.")),
        PARTIAL,
        {},
        ("partial", "system", "system", 1),
    ),
    ("edited history", edited(reworded), PARTIAL, {}, ("partial", "history", "messages", 0)),
    ("expired", grown(first()), MISS, {"at": T0 + 301}, ("miss", "expired", None, None)),
    (
        "young enough for an hour",
        grown(long(first())),
        MISS,
        {"at": T0 + 301, "before": long(first())},
        ("miss", "provider", None, None),
    ),
    (
        "expired after an hour",
        grown(long(first())),
        MISS,
        {"at": T0 + 3601, "before": long(first())},
        ("miss", "expired", None, None),
    ),
    (
        "model switch",
        grown(first()),
        MISS,
        {"model": Model(requested="claude-opus-5-5", routed="claude-opus-5-5", provider="anthropic")},
        ("miss", "model", None, None),
    ),
    (
        "thinking switch",
        edited(lambda b: b.update(thinking={"type": "disabled"})),
        PARTIAL,
        {},
        ("partial", "thinking", None, None),
    ),
    (
        "tool choice",
        edited(lambda b: b.update(tool_choice={"type": "any"})),
        PARTIAL,
        {},
        ("partial", "tool choice", None, None),
    ),
    (
        "compaction",
        edited(anew),
        PARTIAL,
        {"before": grown(first())},
        ("partial", "compaction", "messages", 0),
    ),
    ("image added", edited(pictured), PARTIAL, {}, ("partial", "images", "messages", 0)),
    (
        "betas",
        grown(first()),
        MISS,
        {"betas": "context-1m-2025-08-07"},
        ("miss", "betas", None, None),
    ),
    (
        "mark moved only",
        edited(marked),
        HIT,
        {},
        ("hit", None, None, None),
    ),
    ("no marks", edited(without_marks), TINY, {}, ("none", "not asked", None, None)),
    ("too short to cache", grown(first()), TINY, {}, ("none", "too short", None, None)),
    ("nothing differs", grown(first()), MISS, {}, ("miss", "provider", None, None)),
]


@pytest.mark.parametrize(
    ("name", "body", "usage", "fields", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_the_planted_cause_is_found(
    sink: StoreSink,
    reader: Reader,
    make: Make,
    name: str,
    body: Body,
    usage: Usage | None,
    fields: dict[str, Any],
    expected: Expected,
) -> None:
    found = run(sink, reader, make, body, usage, **fields)

    assert (found["verdict"], found["cause"], found["part"], found["index"]) == expected


def test_what_a_miss_cost(sink: StoreSink, reader: Reader, make: Make) -> None:
    body = edited(lambda b: b["system"][1].update(text="Today is 2025-10-02."))
    found = run(sink, reader, make, body, PARTIAL)

    assert (found["expected_tokens"], found["read_tokens"], found["missed_tokens"]) == (10_200, 4_000, 6_200)
    assert found["cost_usd"] == pytest.approx(6_200 * (1.25e-5 - 1e-6))
    assert found["same"] == {"tools": 3, "system": 1, "messages": 1}
    assert [line for line in found["diff"][0]["diff"] if line[0] in "+-"] == [
        '- "text": "Today is 2025-10-01."',
        '+ "text": "Today is 2025-10-02."',
    ]


def test_the_first_request_has_nothing_to_read(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(first(), message_of(0), usage=MISS, session="s"))
    sink.ended(
        make(first(), message_of(0), usage=MISS, session="s", agent=Agent(id="a1", evidence="headers"))
    )
    sink.flush()
    with reader.connect() as connection:
        assert [(one["verdict"], one["cause"]) for one in of_session(connection, "s")] == [
            ("none", "first")
        ] * 2


def test_titles_are_not_compared_with_the_conversation(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(first(), message_of(0), usage=MISS, session="s"))
    sink.ended(make(first(), message_of(0), usage=MISS, session="s", request_class="auxiliary"))
    sink.ended(make(grown(first()), message_of(0), usage=HIT, session="s"))
    sink.flush()
    with reader.connect() as connection:
        found = of_session(connection, "s")
    assert [one["verdict"] for one in found] == ["none", "none", "hit"]
    assert found[2]["previous_id"] == found[0]["exchange_id"]


def test_without_bodies_nothing_is_guessed(url: str, reader: Reader, make: Make) -> None:
    sink = StoreSink(url, bodies=False)
    sink.ended(make(first(), message_of(0), usage=MISS, session="s"))
    sink.ended(make(grown(first()), message_of(0), usage=MISS, session="s"))
    sink.close()
    with reader.connect() as connection:
        assert {one["verdict"] for one in of_session(connection, "s")} == {"unknown"}


def test_a_token_count_asks_for_nothing(sink: StoreSink, reader: Reader, make: Make) -> None:
    count = make(first(), {"input_tokens": 9}, usage=None, endpoint="/v1/messages/count_tokens")
    sink.ended(count)
    sink.flush()
    with reader.connect() as connection:
        assert of_exchange(connection, count.id)["verdict"] == "unknown"


READ, WRITE, WRITE_LONG = 1e-6, 1.25e-5, 2e-5
SYSTEM = "You help with everything that there is to do. " * 400
LATER = T0 + 14 * 60
HEAD = 9_700
CACHED = 32_000


def used(read: int, written: int, long: int = 0) -> Usage:
    return Usage(
        input_tokens=5,
        output_tokens=9,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written + long,
        cache_creation_5m_input_tokens=written,
        cache_creation_1h_input_tokens=long,
    )


class Talk:
    """A session as the real client sends it: marks move, prompts and the version change their form."""

    def __init__(self, sink: StoreSink, reader: Reader, make: Make) -> None:
        self.sink, self.reader, self.make = sink, reader, make
        self.messages: list[Any] = []
        self.tools: list[Body] = [
            {"name": name, "description": "x" * 400} for name in ("Bash", "Read", "Grep")
        ]
        self.system, self.suffix, self.at, self.model = SYSTEM, "a1b", T0, "claude-sonnet-4-5"
        self.sent: list[Any] = []

    def body(self, prompt: str) -> Body:
        self.suffix += "x"
        billing = f"x-anthropic-billing-header: cc_version=2.1.332.{self.suffix}; cc_entrypoint=cli;"
        last = {"role": "user", "content": [{"type": "text", "text": prompt, "cache_control": MARK}]}
        return {
            "model": self.model,
            "tools": copy.deepcopy(self.tools),
            "system": [
                {"type": "text", "text": billing},
                {"type": "text", "text": self.system, "cache_control": MARK},
            ],
            "messages": [*copy.deepcopy(self.messages), last],
            "thinking": {"type": "adaptive"},
            "max_tokens": 1000,
        }

    def say(self, prompt: str, usage: Usage, **fields: Any) -> None:
        """One turn; what was said stays in the conversation, in another form."""
        body = fields.pop("body", None) or self.body(prompt)
        model = Model(requested=self.model, routed=self.model)
        told: dict[str, Any] = {
            "session": "s",
            "usage": usage,
            "cost": Cost(usd=0.1, prices=PRICES),
            "model": model,
            "at": self.at,
        }
        one = self.make(
            body,
            {"id": "m", "role": "assistant", "content": [{"type": "text", "text": f"to {prompt}"}]},
            **{**told, **fields},
        )
        self.sink.ended(one)
        self.sent.append(one)
        self.at += 20
        if fields.get("request_class", "main") == "main":
            self.messages += [
                {"role": "user", "content": prompt},
                {"role": "assistant", "content": [{"type": "text", "text": f"to {prompt}"}]},
            ]

    def reasons(self) -> list[Reason]:
        self.sink.flush()
        with self.reader.connect() as connection:
            found = of_session(connection, "s")
            assert [of_exchange(connection, one.id) for one in self.sent] == found
        return found

    def last(self) -> Reason:
        return self.reasons()[-1]


@pytest.fixture
def talk(sink: StoreSink, reader: Reader, make: Make) -> Talk:
    """A session of two turns, all read that there was."""
    one = Talk(sink, reader, make)
    one.say("first", used(0, CACHED - 1_000))
    one.say("second", used(CACHED - 1_000, 1_000))
    return one


def expect(found: Reason, verdict: str, cause: str | None, missed: int, cost: float | None) -> None:
    told = (found["verdict"], found["cause"], found["missed_tokens"])
    assert told == (verdict, cause, missed), found["text"]
    assert found["cost_usd"] == (cost if cost is None else pytest.approx(cost, abs=0.005))


def test_a_clean_session_has_no_miss(talk: Talk) -> None:
    talk.say("third", used(CACHED, 500))
    talk.say("title?", used(0, 0), request_class="auxiliary")
    talk.say("fourth", used(CACHED + 500, 500))
    found = talk.reasons()
    assert [one["verdict"] for one in found] == ["none", "hit", "hit", "none", "hit"]
    assert [one["cause"] for one in found] == ["first", None, None, "beside", None]
    assert found[4]["previous_id"] == found[2]["exchange_id"]


def test_expired_and_cold(talk: Talk) -> None:
    talk.at = LATER
    talk.say("third", used(0, CACHED + 300))
    expect(talk.last(), "miss", "expired", CACHED, CACHED * (WRITE - READ))
    assert talk.last()["text"] == "14 min passed, what was cached lives for 5"


def test_expired_with_a_warm_prefix(talk: Talk) -> None:
    talk.at = LATER
    talk.say("third", used(HEAD, CACHED + 300 - HEAD))
    found = talk.last()
    expect(found, "partial", "expired", CACHED - HEAD, (CACHED - HEAD) * (WRITE - READ))
    assert found["text"].endswith("; 9.7k of tools and system were kept warm by other sessions")
    assert (found["part"], found["diff"]) == (None, [])


def test_expired_though_the_first_message_changed_too(talk: Talk) -> None:
    talk.at = LATER
    talk.messages[0] = {"role": "user", "content": "today is another day"}
    talk.say("third", used(HEAD, CACHED + 300 - HEAD))
    assert talk.last()["cause"] == "expired"


def test_more_was_read_than_others_can_have_kept(talk: Talk) -> None:
    talk.at = LATER
    talk.system = "short"
    talk.tools = []
    talk.say("third", used(0, CACHED))
    talk.messages[-2]["content"] = "not what it was"
    talk.at += 400
    talk.say("fourth", used(CACHED - 400, 400), body=talk.body("fourth"))
    talk.messages[-2]["content"] = "nor this"
    talk.say("fifth", used(CACHED // 2, CACHED // 2))
    assert talk.last()["cause"] == "history"


def test_a_tool_changed(talk: Talk) -> None:
    talk.tools[1]["description"] = "y" * 400
    talk.say("third", used(0, CACHED + 300))
    found = talk.last()
    expect(found, "miss", "tools", CACHED, CACHED * (WRITE - READ))
    assert found["text"] == "the tools changed: Read changed"


def test_a_tool_went(talk: Talk) -> None:
    del talk.tools[1]
    talk.say("third", used(0, CACHED - 100))
    found = talk.last()
    expect(found, "miss", "tools", CACHED - 95, (CACHED - 95) * (WRITE - READ))
    assert found["text"] == "the tools changed: Read removed"


def test_a_tool_that_is_only_named_changes_nothing(talk: Talk) -> None:
    talk.tools.append({"name": "Later", "description": "z", "defer_loading": True})
    talk.say("third", used(0, CACHED + 300))
    assert talk.last()["cause"] == "provider"


def test_the_system_prompt_changed(talk: Talk) -> None:
    talk.system = SYSTEM.replace("everything", "nearly everything", 1)
    talk.say("third", used(1_000, CACHED - 700))
    found = talk.last()
    expect(found, "partial", "system", CACHED - 1_000, (CACHED - 1_000) * (WRITE - READ))
    assert (found["part"], found["index"]) == ("system", 1)


def test_another_model(talk: Talk) -> None:
    talk.model = "claude-opus-5-5"
    talk.say("third", used(0, 0, CACHED + 300))
    expect(talk.last(), "miss", "model", CACHED, CACHED * (WRITE_LONG - READ))


def test_a_compaction_loses_no_more_than_what_both_have(talk: Talk) -> None:
    talk.messages.append({"role": "user", "content": "x" * 60_000})
    talk.say("third", used(CACHED, 8_000))
    talk.say("summarise", used(CACHED + 8_000, 50), request_class="compaction")
    talk.messages = []
    body = talk.body("This session is being continued from a previous conversation.")
    talk.say("summary", used(0, 12_000), body=body)
    found = talk.last()
    assert (found["verdict"], found["cause"]) == ("miss", "compaction")
    assert found["missed_tokens"] is not None
    assert 4_000 < found["missed_tokens"] <= 12_005
    assert found["cost_usd"] == pytest.approx(found["missed_tokens"] * (WRITE - READ), abs=0.005)


def test_a_compaction_that_loses_nothing_is_no_miss(talk: Talk) -> None:
    talk.messages = []
    talk.say("This session is being continued.", used(30_000, 1_000))
    assert (talk.last()["verdict"], talk.last()["cause"]) == ("hit", "compaction")


def test_the_provider_lost_it(talk: Talk) -> None:
    talk.say("third", used(0, CACHED + 300))
    expect(talk.last(), "miss", "provider", CACHED, CACHED * (WRITE - READ))


def test_what_was_not_written_again_was_paid_as_input(talk: Talk) -> None:
    talk.say("third", used(0, 2_000))
    paid = 2_000 * WRITE + (2_005 - 2_000) * 1e-5 - 2_005 * READ
    expect(talk.last(), "miss", "provider", 2_005, paid)


def test_a_retry_is_no_predecessor(talk: Talk) -> None:
    body = talk.body("third")
    talk.say("third", used(0, CACHED + 300), body=body, request_class="main")
    del talk.messages[-2:]
    talk.say("third", used(CACHED, 300), body=body)
    found = talk.reasons()
    assert found[-1]["previous_id"] == found[1]["exchange_id"]
    assert found[-1]["verdict"] == "hit"


def test_what_was_sent_meanwhile_had_nothing_to_read(talk: Talk) -> None:
    talk.say("third", used(CACHED, 300), ttft_ms=60_000.0, ttfb_ms=50_000.0)
    talk.say("fourth", used(CACHED, 600))
    found = talk.reasons()
    assert (found[-1]["previous_id"], found[-1]["verdict"]) == (found[1]["exchange_id"], "hit")


def test_nothing_is_claimed_of_what_was_imported(talk: Talk) -> None:
    def bare(prompt: str) -> Body:
        talk.messages.append({"role": "user", "content": prompt})
        return {"model": talk.model, "messages": copy.deepcopy(talk.messages)}

    talk.at += 10_000
    talk.say("a", used(0, CACHED), body=bare("a"))
    talk.say("b", used(HEAD, CACHED), body=bare("b"))
    found = talk.last()
    assert (found["verdict"], found["cause"]) == ("partial", "unknown")
    talk.at += 900
    talk.say("c", used(0, CACHED), body=bare("c"))
    assert talk.last()["cause"] == "expired"


def test_another_conversation_is_no_predecessor(talk: Talk) -> None:
    talk.system, talk.messages = "another agent's, which a client did not name", []
    talk.say("look around", used(0, 5_000))
    assert (talk.last()["verdict"], talk.last()["cause"]) == ("none", "first")
