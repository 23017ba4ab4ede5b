"""Frames survive the byte stream."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from claude_lens.recorder.frames import Arrival, Ending, Frame, encode, read_frame
from tests.recorder.conftest import arrival, ending


def test_frames_read_back_equal_and_in_order() -> None:
    sent: list[Frame] = [arrival(1, b"\x00\xffany bytes"), ending(1, b"event: x\n\n"), arrival(2)]
    stream = io.BytesIO(b"".join(part for frame in sent for part in encode(frame)))
    assert [read_frame(stream) for _ in sent] == sent
    assert read_frame(stream) is None


@given(body=st.binary(max_size=2000), cut=st.integers(min_value=0, max_value=2500))
def test_a_torn_last_frame_is_the_end(body: bytes, cut: int) -> None:
    whole = b"".join(encode(arrival(1, body)))
    frame = read_frame(io.BytesIO(whole[:cut]))
    assert (frame == arrival(1, body)) if cut >= len(whole) else frame is None


def test_headers_keep_order_and_repetition() -> None:
    headers = (("b", "1"), ("a", "2"), ("b", "ü"))
    frame = Arrival(id="1", worker="w", arrived_at=0.0, endpoint="/v1/messages", headers=headers)
    assert read_frame(io.BytesIO(b"".join(encode(frame)))) == frame


def test_half_a_surrogate_pair_passes() -> None:
    """As a client that cuts a text in the middle of a character escapes it."""
    frame = Ending(id="1", status="error", error="cut \ud83d", agent={"name": "\udc00", "id": None})
    assert read_frame(io.BytesIO(b"".join(encode(frame)))) == frame
