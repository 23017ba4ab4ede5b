from __future__ import annotations

from dataclasses import replace

import orjson

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Response, Usage
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges, sessions
from claude_lens.store.sink import StoreSink
from tests.store.conftest import ANSWER_HEADERS, Make, body_of, message_of


def without_bytes(exchange: Exchange) -> Exchange:
    """The exchange as far as it is kept: JSON instead of the bytes that it came in."""
    response = exchange.response
    if response is not None and response.json is not None:
        response = replace(response, body=b"")
    request = replace(exchange.request, body=b"") if exchange.request.json is not None else exchange.request
    return replace(exchange, request=request, response=response)


def full(make: Make) -> Exchange:
    """An exchange with every field filled."""
    return make(
        body_of("hello", "again"),
        message_of(1),
        identity=Identity(
            session_id="s",
            prompt_id="p",
            request_class="subagent",
            compaction="auto",
            context_compacted="manual",
            tool_durations_ms=(("Bash", 742), ("Read", 9)),
            user_id="user",
            client="claude-cli/2.1.329",
            project="/home/me/app",
            branch="main",
            traceparent="00-1-2-01",
            agent=Agent(
                id="a2",
                parent_id="a1",
                type="Explore",
                name="explorer",
                description="look around",
                spawn_tool_use_id="toolu_1",
                evidence="spawn",
            ),
        ),
        http_status=529,
        error="overloaded",
        lane_reason="routed",
        model=Model(requested="claude-opus-5-5", routed="gpt-5", provider="openai", rule="Explore"),
        usage=Usage(
            input_tokens=1,
            output_tokens=2,
            cache_read_input_tokens=3,
            cache_creation_input_tokens=9,
            cache_creation_5m_input_tokens=4,
            cache_creation_1h_input_tokens=5,
        ),
        cost=Cost(usd=0.5, requested_usd=0.75, prices={"input_cost_per_token": 1e-6}),
        adapted=("thinking", "cache_control"),
    )


def test_every_field_comes_back(sink: StoreSink, reader: Reader, make: Make) -> None:
    exchange = full(make)
    default = Exchange(id="x")
    unset = [name for name in Exchange.__slots__ if getattr(exchange, name) == getattr(default, name)]
    assert unset == ["endpoint"]
    sink.ended(exchange)
    sink.flush()

    with reader.connect() as connection:
        assert restored(connection) == [without_bytes(exchange)]


def test_what_is_not_known_stays_unknown(sink: StoreSink, reader: Reader, make: Make) -> None:
    running = make(body_of("a"), session=None, project=None)
    cut = make(
        None,
        {"role": "assistant"},
        raw=b"no json",
        usage=None,
        cost=Cost(),
        response=Response(headers=ANSWER_HEADERS, body=b"event: mess", json=None),
    )
    sink.arrived(running)
    sink.ended(cut)
    sink.flush()

    with reader.connect() as connection:
        assert restored(connection) == [without_bytes(running), without_bytes(cut)]


def test_some_are_chosen_in_order_of_time(sink: StoreSink, reader: Reader, make: Make) -> None:
    for at, session in ((3.0, "a"), (1.0, "a"), (2.0, "b")):
        sink.ended(make(body_of("x"), message_of(0), at=at, session=session))
    sink.flush()

    with reader.connect() as connection:
        chosen = restored(connection, sessions.c.session_id == "a", exchanges.c.status == "ok")
        first = restored(connection, limit=1)

    assert [each.started_at for each in chosen] == [1.0, 3.0]
    assert [each.started_at for each in first] == [1.0]


def test_bodies_that_are_not_kept_are_empty(url: str, make: Make) -> None:
    sink = StoreSink(url, bodies=False)
    exchange = make(body_of("a"), message_of(0))
    sink.ended(exchange)
    sink.close()

    with Reader(url) as reader, reader.connect() as connection:
        (found,) = restored(connection)
    assert orjson.dumps(found.request.json) == b"null"
    assert (found.request.body, found.response) == (b"", None)
    assert found.usage == exchange.usage
