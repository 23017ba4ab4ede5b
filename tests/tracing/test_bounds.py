"""What leaves the machine: cut, bounded, hidden, redacted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.tracing import names
from claude_lens.tracing.bounds import (
    SPAN_BYTES,
    VALUE_BYTES,
    Collector,
    cut,
    dump,
    environment_mask,
    no_mask,
    trimmed,
)


def test_cut_says_how_much_is_missing() -> None:
    assert cut("short") == "short"
    assert cut("x" * VALUE_BYTES) == "x" * VALUE_BYTES
    assert cut("x" * (VALUE_BYTES + 5)) == "x" * VALUE_BYTES + "…[+5]"
    euros = "€" * VALUE_BYTES
    kept, _, missing = cut(euros).partition("…[+")
    assert len(kept.encode()) <= VALUE_BYTES
    assert len(kept) + int(missing.rstrip("]")) == VALUE_BYTES


@given(st.text(st.characters(codec=None), max_size=200), st.integers(1, 100))
def test_cut_never_exceeds_its_limit_and_can_always_be_encoded(text: str, limit: int) -> None:
    kept = cut(text, limit)
    head = kept.rpartition("…[+")[0] if kept.endswith("]") and "…[+" in kept else kept
    assert len(head.encode()) <= max(limit, len(text.encode("utf-8", "replace")))
    kept.encode()


def test_dump_takes_what_json_cannot_say() -> None:
    assert dump({"a": "ü"}) == '{"a":"ü"}'
    assert json.loads(dump({"a": "\ud800"})) == {"a": "\ud800"}
    assert json.loads(dump({"n": 2**70})) == {"n": 2**70}
    assert "object" in dump(object())
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert dump(deep) == "null"


def test_trimmed_shortens_every_string() -> None:
    found = trimmed({"a": ["x" * 20_000, {"b": "y"}], "n": 1})
    assert found == {"a": ["x" * VALUE_BYTES + f"…[+{20_000 - VALUE_BYTES}]", {"b": "y"}], "n": 1}


def test_a_span_is_bounded_and_says_what_it_lacks() -> None:
    out = Collector()
    for number in range(100):
        out.add(f"value.{number}", "x" * 50_000)
    done = out.done()
    assert sum(len(name) + len(str(value)) for name, value in done.items()) < SPAN_BYTES + 10_000
    assert len(done) - 1 + int(str(done[names.LEFT_OUT])) == 100
    assert len(done) > 25


def test_nothing_says_nothing() -> None:
    out = Collector()
    for value in (None, "", ()):
        out.add("x", value)
    out.add("zero", 0)
    out.json("list", [])
    assert out.done() == {"zero": 0, "list": "[]"}


def test_hiding_as_openinference_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_mask() is no_mask
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    monkeypatch.setenv("OPENINFERENCE_HIDE_OUTPUT_TEXT", "true")
    out = Collector(environment_mask())
    out.add(names.INPUT_VALUE, "secret")
    out.add("llm.input_messages.0.message.content", "secret")
    out.add("llm.output_messages.0.message.content", "secret")
    out.add(names.SESSION_ID, "s")
    done = out.done()
    assert "secret" not in str(done)
    assert done[names.SESSION_ID] == "s"
    assert done[names.INPUT_VALUE] == "__REDACTED__"
    assert "llm.input_messages.0.message.content" not in done
