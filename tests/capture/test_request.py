"""The model that a body asks for, and the exchange that a request opens."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.capture.auth import Credential
from claude_lens.capture.request import KINDS, count, model_of, opened
from tests.capture.calling import BODY, HEADERS

SCOPE = {"path": "/chat/completions", "query_string": b"a=%20", "headers": HEADERS}


def test_an_exchange_opened() -> None:
    flight = opened(SCOPE, BODY, Credential("master", own=True), feed=None, price=lambda *_: {"a": 1})
    assert (flight.endpoint, flight.query, flight.body) == ("/v1/chat/completions", "a=%20", BODY)
    assert (flight.requested_model, flight.own_credential) == ("claude-sonnet-4-5", True)
    assert flight.price("x", None) == {"a": 1}


def test_counted_by_lane_and_reason() -> None:
    flight = opened(SCOPE, BODY, Credential("master"), feed=None, price=lambda *_: None)
    lanes: dict[str, int] = {}
    for reason in (None, None, *map(str, range(2 * KINDS))):
        flight.lane_reason = reason
        count(lanes, flight)
    assert (lanes["translated"], lanes["translated: 0"], len(lanes)) == (2, 1, KINDS)


@given(
    name=st.text(min_size=1, max_size=40),
    rest=st.dictionaries(st.text(), st.integers() | st.text(), max_size=4),
    first=st.booleans(),
)
def test_model_of_is_what_json_says(name: str, rest: dict[str, Any], first: bool) -> None:
    rest.pop("model", None)
    body = {"model": name, **rest} if first else {**rest, "model": name}
    try:
        raw = orjson.dumps(body)
    except TypeError:
        return
    assert model_of(raw) == name


def test_model_of_a_body_with_half_a_character() -> None:
    assert (
        model_of(b'{"messages":[{"role":"user","content":"cut \\ud83d"}],"model":"claude-x"}') == "claude-x"
    )
    assert model_of(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"model":"claude-x"}') is None


@given(st.binary(max_size=200))
def test_model_of_never_raises(body: bytes) -> None:
    model_of(body)
    model_of(b'{"model":"' + body)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model":1}', b'{"model":""}', b'"x"', b"{"])
def test_no_model(body: bytes) -> None:
    assert model_of(body) is None
