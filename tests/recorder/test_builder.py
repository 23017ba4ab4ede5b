"""Whatever cannot be understood is kept as bytes; several sinks cost one building."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from claude_lens.exchange import Exchange
from claude_lens.recorder import builder as builder_module
from claude_lens.recorder.builder import Builder
from claude_lens.recorder.frames import Arrival
from claude_lens.redact import Redactor
from claude_lens.settings import load
from claude_lens.spool.records import digest
from tests.recorder.conftest import arrival, ending

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def make(faults: list[str]) -> Any:
    settings = load({"HOME": "/nonexistent", "CLAUDE_LENS_HOME": "/nonexistent"})
    return lambda **more: Builder(settings, lambda name, error: faults.append(f"{name}: {error}"), **more)


def broken(*_: object, **__: object) -> Exchange:
    raise RecursionError("too deep")


def test_a_request_that_cannot_be_understood_is_bytes_without_secrets(
    make: Any, faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder_module, "running", broken)
    exchange = make().arrived(arrival(1, f'{{"token": "{SECRET}"}}'.encode()))
    assert (exchange.id, exchange.status, exchange.request.json) == (arrival(1).id, "running", None)
    assert b"token" in exchange.request.body
    assert SECRET.encode() not in exchange.request.body
    assert faults == ["recorder: too deep"]


def test_an_answer_that_cannot_be_understood_is_bytes_without_secrets(
    make: Any, faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder_module, "complete", broken)
    builder = make()
    builder.arrived(arrival(1))
    exchange = builder.ended(ending(1, f"said {SECRET}".encode()), lambda: arrival(1))
    assert (exchange.status, exchange.http_status, exchange.duration_ms) == ("error", 200, 1.5)
    assert exchange.response.body.startswith(b"said [")
    assert SECRET.encode() not in exchange.response.body
    assert faults == ["recorder: too deep"]


def test_what_cannot_be_searched_for_secrets_is_not_kept(
    make: Any, faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = make()
    for method in ("arrived", "ended"):
        monkeypatch.setattr(Redactor, method, broken)
    before = builder.arrived(arrival(1, SECRET.encode()))
    after = builder.ended(ending(1, SECRET.encode()), lambda: arrival(1))
    assert before.request.body == b""
    assert after.response is None
    assert len(faults) == 4


def test_a_request_that_is_not_at_hand_any_more_is_read_again(make: Any) -> None:
    builder = make(limit=1000)
    for number in (1, 2):
        builder.arrived(arrival(number, b"x" * 900))
    asked: list[int] = []

    def again(number: int) -> Arrival:
        asked.append(number)
        return arrival(number, b"again")

    for number in (1, 2):
        assert builder.ended(ending(number), functools.partial(again, number)).status == "ok"
    assert asked == [1]


def test_sinks_share_what_was_built(make: Any) -> None:
    builder = make()
    assert builder.arrived(arrival(1)) is builder.arrived(arrival(1))
    first = builder.ended(ending(1), lambda: arrival(1))
    assert builder.ended(ending(1), lambda: arrival(1)) is first


def test_a_bad_file_of_patterns_leaves_the_known_forms(faults: list[str]) -> None:
    settings = load(
        {"CLAUDE_LENS_HOME": "/nonexistent", "CLAUDE_LENS_REDACT_FILE": "/nonexistent/redact.txt"}
    )
    builder = Builder(settings, lambda name, error: faults.append(name))
    assert faults == ["redaction"]
    assert SECRET.encode() not in builder.arrived(arrival(1, SECRET.encode())).request.body


def test_what_one_sink_has_had_built_another_need_not_read(make: Any) -> None:
    builder, name = make(), digest(arrival(1).id)
    assert builder.arrived_already(name) is None
    before = builder.arrived(arrival(1, b"{}"))
    assert builder.arrived_already(name) is before
    assert builder.ended_already(name) is None
    after = builder.ended(ending(1), lambda: arrival(1))
    assert builder.ended_already(name) is after
    # A sink that comes later is given what it was when it arrived.
    assert builder.arrived_already(name) is before
    assert builder.arrived(arrival(1, b"{}")) is before


def test_what_ended_is_kept_as_far_as_its_bodies_are_small(make: Any) -> None:
    builder = make(limit=1000)
    for number in (1, 2, 3):
        builder.arrived(arrival(number, b"x" * 400))
        builder.ended(ending(number), lambda number=number: arrival(number, b"x" * 400))
    kept = [number for number in (1, 2, 3) if builder.ended_already(digest(arrival(number).id))]
    assert kept == [2, 3]
