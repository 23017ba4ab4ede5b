"""What the proxy says survives the pipe, and a torn last word is the end."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from claude_lens.recorder.pipe import ANNOUNCE, INLINE, KEY, Message, read_message


def test_messages_read_back_in_order() -> None:
    sent = [Message(KEY, first=bytes(32)), Message(ANNOUNCE, 2**40), Message(INLINE, 3, b"header", b"sealed")]
    stream = io.BytesIO(b"".join(part for each in sent for part in each.encoded()))
    assert [read_message(stream) for _ in sent] == sent
    assert read_message(stream) is None


@given(st.binary(max_size=200), st.integers(0, 250))
def test_a_torn_message_is_the_end(data: bytes, cut: int) -> None:
    whole = b"".join(Message(INLINE, 1, b"h", data).encoded())
    found = read_message(io.BytesIO(whole[:cut]))
    assert found == (Message(INLINE, 1, b"h", data) if cut >= len(whole) else None)
