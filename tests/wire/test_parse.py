from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.parse import parse_json, parse_object

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


@given(values)
def test_reads_what_json_writes(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


def test_lone_surrogates_come_back() -> None:
    assert parse_object(b'{"a": "\\ud800!"}') == {"a": "\ud800!"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"x"',
        b"3",
        b"null",
        b"{",
        b"\xff\xfe",
        b"NaN",
        b'{"a": NaN}',
        b'{"a": NaN, "b": "\\ud800"}',
        b"<p>",
    ],
)
def test_what_is_no_object_is_none(data: bytes) -> None:
    assert parse_object(data) is None


def test_nonsense_raises_value_error_however_deep() -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(b"{nope")
    with pytest.raises(ValueError, match=r"."):
        parse_json(b"[" * 100_000 + b"\\u")


def test_deep_but_sound_json_is_read() -> None:
    depth = 800
    assert parse_object(b'{"a":' * depth + b"1" + b"}" * depth) is not None
