"""JSON to bytes and back."""

from __future__ import annotations

import json
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


def test_one_parser_for_texts_of_the_same_numbers() -> None:
    large = 2**70 + 1
    parse = exact.parser_for(b'{"n": %d}' % large)
    assert parse(b'{"n":%d}' % large) == {"n": large}
    assert exact.parser_for(b'{"n": 1}')(b'{"half":"\\ud83d"}') == {"half": "\ud83d"}


@pytest.mark.parametrize("number", [b"1e400", b"1E999", b"12e+400"])
def test_numbers_too_large_for_a_float_are_noticed(number: bytes) -> None:
    assert exact.may_be_infinite(b"[" + number + b"]")
    assert not exact.may_be_infinite(b"[1e10, 2E-400]")


def test_escapes_are_seen() -> None:
    assert exact.has_escapes(b'{"a": "\\u001b"}')
    assert not exact.has_escapes(b'{"a": "\\n u \\t"}')


def nested(levels: int, inner: Any = 1) -> Any:
    for number in range(levels):
        inner = [inner] if number % 2 else {"a": inner}
    return inner


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"\\u0041","b":-1E+999}',
        b'{"n":123456789012345678901,"m":1e400}',
        b'{"a":1,"b":2,"a":3}',
        b'{"a" : 1, "a" : 2}',
        b'{"a"\n:1,"b"\n:{"c":1,"c":2}}',
        b'{"a":1,"a":2,"b" :3}',
        b'{"a":1,"a":2,"b":"\\u0022:"}',
        b'{"a":1,"\\u0061":2}',
        json.dumps(nested(260)).encode(),
        json.dumps(nested(260, "\ud800")).encode(),
        json.dumps(nested(900, 2**64)).encode(),
    ],
)
def test_what_a_text_says_and_its_value_does_not(body: bytes) -> None:
    assert exact.faithful(json.loads(body), body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"b":{"a":2}}',
        b'{ "a" : "x\\":", "b" : 1e10 }',
        b'{"a":"\\u0022:","b":1}',
        b'{"a":"\\ud800"}',
        json.dumps(nested(249)).encode(),
        json.dumps(nested(249, "\ud800")).encode(),
    ],
)
def test_what_a_value_says_whole(body: bytes) -> None:
    value = json.loads(body)
    assert exact.faithful(value, body) is value


def test_large_integers_are_read_again() -> None:
    body = b'{"a":18446744073709551617}'
    assert exact.faithful({"a": 1.8446744073709552e19}, body) == {"a": 2**64 + 1}
    # A compressed text, whose value was read from what it unpacks to.
    assert exact.faithful({"a": 1}, b"\x1f\x8b" + b"0" * 30) == {"a": 1}


@given(VALUES)
def test_whatever_was_written_is_faithful_in_any_layout(value: Any) -> None:
    for body in (exact.dump(value), json.dumps(value, indent=1).encode(), json.dumps(value).encode()):
        assert exact.faithful(exact.load(body), body) == value


def test_values_put_together_from_texts() -> None:
    assert exact.sayable({"a": [1.5, "x"]}, b"data: 1e400")
    assert not exact.sayable({"a": [float("inf")]}, b'data: {"x":"\\ud800","a":1e400}')
    assert not exact.sayable(nested(300), b"")


def test_strings_are_found_however_deep() -> None:
    assert sorted(exact.strings({"k": nested(5000, ["x", {"y": 1}]), "z": None})) == sorted(
        ["k", "z", "x", "y", *["a"] * 2500]
    )
