from __future__ import annotations

from typing import Any

import pytest

from claude_lens.store.bodies import Bodies
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_760_000_000.1234, "2025-10-09T08:53:20.123Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(seconds: float, shown: str) -> None:
    assert forms.iso(seconds) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"a": 1}, {"a": 1}),
        (b"plain text", "plain text"),
        (b"", ""),
        (b"\xff\xfe", {"base64": "//4="}),
        (None, None),
    ],
)
def test_bodies_that_are_no_json_are_text_or_base64(
    sink: StoreSink, reader: Reader, make: Make, body: Any, shown: Any
) -> None:
    sink.arrived(make(body_of("a")))
    sink.flush()
    (short,) = reader.exchanges("last")
    bodies = Bodies(query="", request_headers=[], request=body, response_headers=[], response=body)

    full = forms.full(short, forms.route({}, None), bodies)

    assert full["request"]["body"] == shown
    assert full["response"] == {"headers": {}, "body": shown}


def test_a_header_that_came_twice_is_joined(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.arrived(make(body_of("a")))
    sink.flush()
    (short,) = reader.exchanges("last")
    pairs = [["via", "a"], ["accept", "x"], ["via", "b"]]

    bodies = Bodies(query="", request_headers=pairs, request={}, response_headers=None, response=None)
    full = forms.full(short, forms.route({}, None), bodies)

    assert full["request"]["headers"] == {"via": "a, b", "accept": "x"}
    assert full["response"] is None


def test_an_exchange_has_the_documented_form(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()

    shown = dict(reader.exchange("last"))

    for extra in ("endpoint", "error", "project", "branch"):
        shown.pop(extra)
    route: Any = shown.pop("route")
    assert route["evidence"] == make(body_of("a")).identity.agent.evidence
    assert set(route) == {
        "lane_reason",
        "rule",
        "evidence",
        "class_inferred",
        "adapted",
        "requested_cost_usd",
    }
    assert shown == {
        "id": f"{1:032x}",
        "session_id": "11111111-aaaa",
        "prompt_id": "prompt-1",
        "agent": {"id": None, "parent_id": None, "type": None, "name": None},
        "request_class": "main",
        "cost_parts": [],
        "lane": "transparent",
        "status": "ok",
        "http_status": 200,
        "model": {"requested": "claude-opus-5-5", "routed": "claude-opus-5-5", "provider": "anthropic"},
        "started_at": "2025-10-09T08:53:21.000Z",
        "ttfb_ms": 120.5,
        "ttft_ms": 150.0,
        "duration_ms": 900.0,
        "usage": {
            "input_tokens": 3,
            "output_tokens": 5,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 0,
        },
        "cost_usd": 0.25,
        "stop_reason": "tool_use",
        "request_id": "req_1",
        "request": {
            "headers": {"content-type": "application/json", "authorization": "Bearer [redacted:ab12]"},
            "body": body_of("a"),
        },
        "response": {
            "headers": {"content-type": "text/event-stream", "request-id": "req_1"},
            "body": message_of(0),
        },
    }
