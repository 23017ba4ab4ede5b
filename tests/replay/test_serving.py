from __future__ import annotations

from typing import Any

from claude_lens import exact
from claude_lens.replay import serving
from claude_lens.replay.serving import Given, given
from claude_lens.store.reading.answered import Answered
from claude_lens.wire import sse
from tests.replay.making import recorded

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "in /old/place"},
        {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/old/place/a b.txt"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 5},
}
HEADERS = (("content-type", "text/event-stream"), ("content-encoding", "gzip"), ("request-id", "req_1"))


def whole(pieces: int = 1) -> bytes:
    """The message as a stream whose deltas are cut into so many pieces."""
    told = b""
    for name, data in serving.events(MESSAGE):
        delta = data.get("delta", {})
        key = {"text_delta": "text", "input_json_delta": "partial_json"}.get(delta.get("type"))
        words = delta[key] if key else ""
        step = -(-len(words) // pieces) or 1
        cut = [words[at : at + step] for at in range(0, len(words), step)] if key else [None]
        for part in cut:
            event = {**data, "delta": {**delta, key: part}} if key else data
            told += b"event: " + name.encode() + b"\ndata: " + exact.dump({"type": name, **event}) + b"\n\n"
    return told


def answer(**more: Any) -> Answered:
    values: dict[str, Any] = {"status": 200, "headers": HEADERS, "stream": None, "json": None, "why": ""}
    return Answered(**{**values, **more})


def joined(found: Given) -> bytes:
    return b"".join(found.pieces) + found.last


def test_a_stream_goes_out_byte_for_byte() -> None:
    found = given(answer(stream=whole(3)), recorded(0, "x"), paced=False)
    assert joined(found) == whole(3)
    assert found.last.startswith(b"event: message_stop")
    assert found.headers == (("content-type", "text/event-stream"), ("request-id", "req_1"))
    assert (found.cut, found.first_after, found.between) == (False, 0, 0)


def test_pace() -> None:
    found = given(answer(stream=whole(3)), recorded(0, "x"), paced=True)
    assert found.first_after == 0.1
    assert round(found.between * len([*found.pieces, found.last]), 3) == 0.4


def test_a_message_without_its_stream_becomes_one() -> None:
    found = given(answer(json=MESSAGE, why="not kept"), recorded(0, "x"), paced=False)
    assert sse.fold(joined(found)).message == MESSAGE


def test_a_stream_that_broke_breaks_again() -> None:
    cut = whole()[:-60]
    found = given(answer(stream=cut), recorded(0, "x"), paced=False)
    assert found.cut
    assert b"".join(found.pieces) == cut


def test_an_error_keeps_its_status_and_does_not_make_anyone_wait() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    headers = (("content-type", "application/json"), ("retry-after", "30"))
    found = given(answer(status=529, json=error, headers=headers), recorded(0, "x"), paced=False)
    assert (found.status, exact.load(joined(found))) == (529, error)
    assert found.headers == (("content-type", "application/json"),)
    assert (
        given(answer(status=529, json=error, headers=headers), recorded(0, "x"), paced=True).headers
        == headers
    )


def test_folders_are_renamed_wherever_they_were_cut() -> None:
    for pieces in (1, 4, 9):
        message = sse.fold(serving.moved(whole(pieces), "/old/place", "/new")).message
        assert message is not None
        assert message["content"][1]["text"] == "in /new"
        assert message["content"][2]["input"] == {"file_path": "/new/a b.txt"}
    assert serving.moved(whole(4), "/other", "/new") == whole(4)


def test_words_as_an_answer() -> None:
    message = sse.fold(b"".join(serving.said("nothing left", "m"))).message
    assert message is not None
    assert message["content"] == [{"type": "text", "text": "nothing left"}]
