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
