"""The two frames of an exchange."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_lens.capture.inflight import UNSEEN, InFlight, UpstreamAnswer, new_id
from claude_lens.exchange import Exchange
from claude_lens.recorder.build import complete, running
from claude_lens.recorder.frames import Arrival, Ending, Frame, frame_of, head_of
from claude_lens.wire.sse import fold
from tests.wire.test_sse import Json, event_lists, stream


def price(model: str | None, provider: str | None) -> Mapping[str, float] | None:
    return {"input_cost_per_token": 1.0} if model == "asked" else None


def flight(frames: list[Frame]) -> InFlight:
    return InFlight(
        endpoint="/v1/messages",
        query="beta=true",
        headers=[(b"x-api-key", b"sk-secret-key-value"), (b"anthropic-version", b"2023-06-01")],
        body=b"{}",
        put=frames.append,
        worker="w",
        requested_model="asked",
        price=price,
    )


def recorded(pieces: Sequence[bytes]) -> Exchange:
    """The exchange that the recorder makes of a stream that passed in these pieces."""
    frames: list[Frame] = []
    one = flight(frames)
    for piece in pieces:
        one.passed(piece)
    one.end("ok", 200, [(b"content-type", b"text/event-stream")])
    arrival, ending = (frame_of(head_of(frame), frame.body) for frame in frames)
    assert isinstance(arrival, Arrival)
    assert isinstance(ending, Ending)
    return complete(running(arrival), ending)


@given(event_lists(), st.data())
@settings(deadline=None)
def test_any_split_of_a_stream_is_recorded_as_its_whole(events: list[Json], data: st.DataObject) -> None:
    body = stream(*events)
    places = [0, *sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=40))), len(body)]
    split = recorded([body[start:end] for start, end in pairwise(places)])
    whole = recorded([body])
    assert split.response is not None
    assert whole.response is not None
    assert split.response.json == whole.response.json == fold(body).message
    assert (split.response.body, split.status, split.usage) == (body, whole.status, whole.usage)


def test_ids_sort_by_time() -> None:
    first = new_id()
    time.sleep(0.002)
    assert first < new_id()
    assert len(first) == 32
    assert int(first, 16)


def test_arrival_then_one_ending() -> None:
    frames: list[Frame] = []
    one = flight(frames)
    one.arrive()
    one.passed(b"")
    one.passed(b"event: message_start\n\n")
    assert one.ttft_ms is None
    one.passed(b'event: content_block_delta\ndata: {"delta":{}}\n\n')
    one.upstream = UpstreamAnswer(200, [("Request-Id", "req_1")])
    one.end("ok", 200, [(b"set-cookie", b"session=secret-cookie")])
    one.end("error", 500)
    arrival, ending = frames
    assert isinstance(arrival, Arrival)
    assert isinstance(ending, Ending)
    assert (arrival.id, arrival.query, arrival.body) == (one.id, "beta=true", b"{}")
    assert ending.body.startswith(b"event: message_start\n\nevent: content_block_delta")
    assert ending.ttfb_ms is not None
    assert ending.ttft_ms is not None
    assert ending.duration_ms is not None
    assert 0 < ending.ttfb_ms <= ending.ttft_ms <= ending.duration_ms
    assert (ending.status, ending.request_id, ending.routed_model) == ("ok", "req_1", "asked")
    assert ending.prices == {"input_cost_per_token": 1.0}


def test_no_secret_is_in_a_frame() -> None:
    frames: list[Frame] = []
    one = flight(frames)
    one.arrive()
    one.end("ok", 200, [(b"set-cookie", b"session=secret-cookie")])
    assert "secret" not in repr(frames)
    assert "2023-06-01" in repr(frames)


def test_the_routed_models_price_is_asked_for() -> None:
    frames: list[Frame] = []
    one = flight(frames)
    one.routed_model = "another"
    one.end("ok", 200)
    _, ending = frames
    assert isinstance(ending, Ending)
    assert ending.prices is None
    assert ending.requested_prices == {"input_cost_per_token": 1.0}


def test_a_request_shows_soon_while_it_runs() -> None:
    async def run() -> None:
        shown: asyncio.Queue[Frame] = asyncio.Queue()
        one = flight([])
        one.put = shown.put_nowait
        one.arrive_soon()
        assert shown.empty()
        assert isinstance(await asyncio.wait_for(shown.get(), 10), Arrival)
        one.end("ok", 200)
        assert isinstance(shown.get_nowait(), Ending)
        assert shown.empty()

    asyncio.run(run())


def test_an_answer_that_comes_at_once_still_has_its_arrival_before_it() -> None:
    async def run() -> None:
        frames: list[Frame] = []
        one = flight(frames)
        one.arrive_soon()
        one.end("ok", 200)
        await asyncio.sleep(2 * UNSEEN)
        assert [type(frame) for frame in frames] == [Arrival, Ending]

    asyncio.run(run())
