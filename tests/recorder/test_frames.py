"""Frames survive the way to the recorder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.recorder.frames import Arrival, Ending, Frame, frame_of, head_of
from tests.recorder.conftest import arrival, ending


def again(frame: Frame) -> Frame:
    return frame_of(head_of(frame), frame.body)


@given(body=st.binary(max_size=2000))
def test_frames_read_back_equal(body: bytes) -> None:
    for frame in (arrival(1, body), ending(1, body)):
        assert again(frame) == frame


def test_headers_keep_order_and_repetition() -> None:
    headers = (("b", "1"), ("a", "2"), ("b", "ü"))
    frame = Arrival(id="1", worker="w", arrived_at=0.0, endpoint="/v1/messages", headers=headers)
    assert again(frame) == frame


def test_half_a_surrogate_pair_passes() -> None:
    """As a client that cuts a text in the middle of a character escapes it."""
    frame = Ending(id="1", status="error", error="cut \ud83d", agent={"name": "\udc00", "id": None})
    assert again(frame) == frame


@pytest.mark.parametrize(
    "head", [b"", b"{}", b'{"kind": "arrival"}', b'{"kind": "ending", "headers": [], "x": 1}']
)
def test_a_head_that_is_none_is_told(head: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        frame_of(head, b"")
