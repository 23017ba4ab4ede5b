"""JSON that has to fit stays JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claude_lens.tracing.fitting import cut, dump, fitted, trimmed

LIMIT = 8 * 1024


def test_cut_says_how_much_is_missing() -> None:
    assert cut("short", LIMIT) == "short"
    assert cut("x" * LIMIT, LIMIT) == "x" * LIMIT
    assert cut("x" * (LIMIT + 5), LIMIT) == "x" * LIMIT + "…[+5]"
    euros = "€" * LIMIT
    kept, _, missing = cut(euros, LIMIT).partition("…[+")
    assert len(kept.encode()) <= LIMIT
    assert len(kept) + int(missing.rstrip("]")) == LIMIT


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
    found = trimmed({"a": ["x" * 20_000, {"b": "y"}], "n": 1}, LIMIT)
    assert found == {"a": ["x" * LIMIT + f"…[+{20_000 - LIMIT}]", {"b": "y"}], "n": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=60), inner, max_size=20),
    max_leaves=60,
)


@given(JSON, st.integers(20, 2000))
def test_what_is_fitted_is_json_within_its_limit(value: Any, limit: int) -> None:
    text = fitted(value, limit)
    json.loads(text)
    assert len(text.encode("utf-8", "replace")) <= limit
    if len(dump(value).encode("utf-8", "replace")) <= limit:
        assert text == dump(value)


def test_long_strings_go_before_short_ones_and_the_rest_is_counted() -> None:
    told = json.loads(fitted({"messages": [{"text": "x" * 50_000}, {"text": "a short word"}]}, LIMIT))
    assert told["messages"][1] == {"text": "a short word"}
    assert "…[+" in told["messages"][0]["text"]
    many = json.loads(fitted([{"n": n} for n in range(100_000)], LIMIT))
    assert many[0] == {"n": 0}
    assert many[-1] == {"n": 99_999}
    assert any(isinstance(one, str) and one.startswith("…[+") for one in many)
