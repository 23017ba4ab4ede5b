"""JSON to bytes and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens import exact

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec=None)),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_any_json_survives(value: Any) -> None:
    data = exact.dump(value)

    assert exact.load(data) == value
    assert exact.dump(exact.load(data)) == data


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        "a\udfffb",
        2**64,
        -(2**63) - 1,
        10**40,
        [2**63 - 1],
        1.0,
        -0.0,
        5e-324,
        "\0",
        "日本語",
        {"\ud800": 1},
    ],
)
def test_what_a_fast_parser_refuses_or_rounds_survives(value: Any) -> None:
    back = exact.load(exact.dump(value))

    assert repr(back) == repr(value)


def test_deep_nesting_survives_or_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    assert exact.load(exact.dump(deep)) == deep

    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        exact.dump(deep)


def test_order_of_keys_is_part_of_the_content() -> None:
    assert exact.dump({"a": 1, "b": 2}) != exact.dump({"b": 2, "a": 1})


def test_numbers_that_a_fast_parser_rounds_are_noticed() -> None:
    assert exact.may_be_rounded(b'{"n":18446744073709551616}')
    assert not exact.may_be_rounded(b'{"n":123456789012345678,"m":123456789012345678}')


@pytest.mark.parametrize("number", [b"1e400", b"1E999", b"12e+400"])
def test_numbers_too_large_for_a_float_are_noticed(number: bytes) -> None:
    assert exact.may_be_infinite(b"[" + number + b"]")
    assert not exact.may_be_infinite(b"[1e10, 2E-400]")


def test_escapes_are_seen() -> None:
    assert exact.has_escapes(b'{"a": "\\u001b"}')
    assert not exact.has_escapes(b'{"a": "\\n u \\t"}')
