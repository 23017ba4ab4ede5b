from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.store import content


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
