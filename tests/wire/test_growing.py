"""How much an answer has said while it comes, however its bytes are cut and packed."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import zstandard

from claude_lens.wire.growing import Growing


def event(**fields: Any) -> bytes:
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


def delta(kind: str, name: str, words: str) -> bytes:
    return event(type="content_block_delta", index=0, delta={"type": kind, name: words})


STREAM = [
    event(type="message_start", message={"role": "assistant", "usage": {"output_tokens": 1}}),
    event(type="ping"),
    delta("thinking_delta", "thinking", "hm" * 20),
    *(delta("text_delta", "text", 'word "quoted"\n') for _ in range(10)),
    delta("input_json_delta", "partial_json", '{"command": "ls"}'),
]


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_deltas_count_by_their_characters(size: int) -> None:
    body = b"".join(STREAM)
    found = Growing()
    for at in range(0, len(body), size):
        found.add(body[at : at + size])
    assert found.bytes == len(body)
    assert found.readable
    # 40 of thought, ten times 13 with three escapes, 17 with two.
    assert found.tokens == round((40 + 10 * 17 + 21) / 4)


def test_a_delta_is_a_token_at_least() -> None:
    found = Growing()
    for _ in range(9):
        found.add(delta("text_delta", "text", "a"))
    assert found.tokens == 9


def test_nothing_is_said_before_the_first_delta() -> None:
    found = Growing()
    found.add(STREAM[0] + STREAM[1])
    assert (found.tokens, found.readable) == (0, True)


def test_the_providers_count_replaces_the_estimate() -> None:
    found = Growing()
    for one in STREAM:
        found.add(one)
    found.add(event(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4321}))
    assert found.tokens == 4321


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_what_came_compressed_is_read_as_far_as_it_is_there(pack: Any) -> None:
    plain, packed = Growing(), Growing()
    body = b"".join(STREAM)
    plain.add(body)
    whole = pack(body)
    for at in range(0, len(whole), 10):
        packed.add(whole[at : at + 10])
    assert (packed.tokens, packed.bytes) == (plain.tokens, len(whole))


@pytest.mark.parametrize("junk", [b"\x1f\x8bnone", b"\x28\xb5\x2f\xfdnone", b"\xff\xfe" * 3000, b"{}"])
def test_what_cannot_be_read_says_nothing(junk: bytes) -> None:
    found = Growing()
    found.add(junk)
    found.add(junk)
    assert (found.tokens, found.readable, found.bytes) == (0, False, 2 * len(junk))


def test_chat_completions_count_too() -> None:
    found = Growing()
    for _ in range(5):
        found.add(b'data: {"choices": [{"index": 0, "delta": {"content": "eight ch"}}]}\n\n')
    assert found.tokens == 10
