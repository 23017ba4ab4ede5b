from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.store import content

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
    data = content.dump(value)

    assert content.load(data) == value
    assert content.dump(content.load(data)) == data


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
    back = content.load(content.dump(value))

    assert repr(back) == repr(value)


def test_deep_nesting_survives_or_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    assert content.load(content.dump(deep)) == deep

    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        content.dump(deep)


def test_order_of_keys_is_part_of_the_content() -> None:
    assert content.dump({"a": 1, "b": 2}) != content.dump({"b": 2, "a": 1})


def test_numbers_that_a_fast_parser_rounds_are_noticed() -> None:
    assert content.may_be_rounded(b'{"n":18446744073709551616}')
    assert not content.may_be_rounded(b'{"n":123456789012345678,"m":123456789012345678}')


@pytest.mark.parametrize("number", [b"1e400", b"1E999", b"12e+400"])
def test_numbers_too_large_for_a_float_are_noticed(number: bytes) -> None:
    assert content.may_be_infinite(b"[" + number + b"]")
    assert not content.may_be_infinite(b"[1e10, 2E-400]")


@given(st.binary(max_size=5000))
def test_packed_bytes_come_back(data: bytes) -> None:
    codec, packed = content.pack(data)

    assert content.unpack(codec, packed) == data
    assert len(packed) <= len(data)
    assert content.unpack_blob(content.pack_blob(data)) == data


@pytest.mark.parametrize("size", [0, 23, 24, 64 * 1024, 64 * 1024 + 1, 10 * 1024 * 1024])
def test_sizes_around_the_limits_come_back(size: int) -> None:
    data = (b"the tests pass. " * (size // 16 + 1))[:size]

    codec, packed = content.pack(data)

    assert content.unpack(codec, packed) == data


def test_the_skeleton_makes_small_messages_smaller() -> None:
    message = {
        "role": "user",
        "content": [{"tool_use_id": "toolu_01AbC", "type": "tool_result", "content": "ok"}],
    }
    data = json.dumps(message, separators=(",", ":")).encode()

    codec, packed = content.pack(data)

    assert codec == content.ZSTD_SKELETON
    assert len(packed) < len(data) / 2


@pytest.mark.parametrize("codec", [content.ZSTD, content.ZSTD_SKELETON, 99])
def test_damaged_bytes_are_refused(codec: int) -> None:
    with pytest.raises(ValueError, match="content"):
        content.unpack(codec, b"not compressed at all")


def test_threads_do_not_disturb_each_other() -> None:
    texts = [(f"line {index} of some text " * 400).encode() for index in range(8)]

    def round_trips(data: bytes) -> bool:
        return all(content.unpack(*content.pack(data)) == data for _ in range(300))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trips, texts))


def test_an_empty_blob_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        content.unpack_blob(b"")


def test_escapes_are_seen() -> None:
    assert content.has_escapes(b'{"a": "\\u001b"}')
    assert not content.has_escapes(b'{"a": "\\n u \\t"}')
