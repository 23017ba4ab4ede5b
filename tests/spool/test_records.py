"""The format of a record: sealed, checked, and telling nothing in clear."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.spool.records import (
    ARRIVAL,
    ENDING,
    HEADER,
    KEY_BYTES,
    MAGIC,
    Damaged,
    Header,
    Sealer,
    digest,
    unpack,
)

SEALER = Sealer(bytes(KEY_BYTES))


@given(st.binary(max_size=500), st.binary(max_size=500), st.integers(1, 2**63))
def test_what_is_sealed_opens_again(head: bytes, body: bytes, seq: int) -> None:
    header, sealed = SEALER.seal(ARRIVAL, seq, "an id", head, body)
    assert unpack(header) == Header(ARRIVAL, seq, digest("an id"), len(head), len(body))
    assert len(sealed) == unpack(header).sealed
    assert SEALER.open(header, sealed) == (head, body)


@given(st.integers(0, 8 * (HEADER + 40 + 16) - 1))
def test_every_flipped_bit_is_noticed(bit: int) -> None:
    header, sealed = SEALER.seal(ENDING, 7, "id", b"h" * 10, b"b" * 30)
    whole = bytearray(header + sealed)
    whole[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Damaged):
        SEALER.open(bytes(whole[:HEADER]), bytes(whole[HEADER:]))


def test_nothing_is_told_in_clear() -> None:
    header, sealed = SEALER.seal(
        ARRIVAL, 1, "sk-ant-secret", b'{"query": "sk-ant-secret"}', b"sk-ant-secret" * 50
    )
    assert b"secret" not in header + sealed


def test_another_key_opens_nothing() -> None:
    header, sealed = SEALER.seal(ARRIVAL, 1, "id", b"", b"body")
    with pytest.raises(Damaged):
        Sealer(os.urandom(KEY_BYTES)).open(header, sealed)


@pytest.mark.parametrize("data", [b"", b"\0" * HEADER, MAGIC, MAGIC + b"\0" * HEADER])
def test_what_is_no_record_is_told(data: bytes) -> None:
    with pytest.raises(Damaged):
        unpack(data)


def test_ids_of_any_characters_have_a_digest() -> None:
    assert len({digest("a"), digest("b"), digest("\ud800"), digest("")}) == 4
