"""Folding: by hand, under any cut, and against what the official SDK accumulates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.lib.streaming._beta_messages import accumulate_event as accumulate_beta
from anthropic.lib.streaming._messages import accumulate_event
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.sse import RAW_INPUT, UNKNOWN_DELTAS, fold

Json = dict[str, Any]

START: Json = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 1,
            "service_tier": "standard",
        },
    },
}
STOP: Json = {"type": "message_stop"}
PING: Json = {"type": "ping"}


def end(reason: str = "end_turn", tokens: int = 15, **more: Any) -> Json:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens}, **more}


def block(index: int, start: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def stream(*events: Json) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def content(*events: Json) -> list[Json]:
    message = fold(stream(START, *events)).message
    assert message is not None
    blocks: list[Json] = message["content"]
    return blocks


def text(piece: str) -> Json:
    return {"type": "text_delta", "text": piece}


def partial(piece: str) -> Json:
    return {"type": "input_json_delta", "partial_json": piece}


def test_a_whole_message() -> None:
    folded = fold(
        stream(
            START,
            PING,
            *block(
                0,
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "thinking_delta", "thinking": "Let me "},
                {"type": "thinking_delta", "thinking": "see."},
                {"type": "signature_delta", "signature": "EqQB=="},
            ),
            *block(1, {"type": "redacted_thinking", "data": "abc"}),
            *block(2, {"type": "text", "text": ""}, text("Hel"), text("lo ü")),
            PING,
            *block(
                3,
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}},
                partial(""),
                partial('{"command": "l'),
                partial('s"}'),
            ),
            end("tool_use", 42),
            STOP,
        )
    )
    assert (folded.complete, folded.pings, folded.error, folded.dropped, folded.malformed) == (
        True,
        2,
        None,
        0,
        0,
    )
    usage = {**START["message"]["usage"], "output_tokens": 42}
    assert folded.message == {
        **START["message"],
        "stop_reason": "tool_use",
        "usage": usage,
        "content": [
            {"type": "thinking", "thinking": "Let me see.", "signature": "EqQB=="},
            {"type": "redacted_thinking", "data": "abc"},
            {"type": "text", "text": "Hello ü"},
            {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
        ],
    }


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
def test_tool_inputs_of_every_kind(kind: str) -> None:
    start = {"type": kind, "id": "t", "name": "n", "input": {}}
    assert content(*block(0, start, partial("[1, 2"), partial("]")))[0]["input"] == [1, 2]
    assert content(*block(0, start))[0]["input"] == {}
    assert content(*block(0, start, partial('{"a": "cut')))[0]["input"] == {RAW_INPUT: '{"a": "cut'}


def test_a_character_cut_between_two_deltas_is_one_again() -> None:
    halves = b"".join(
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}\n\n' % half
        for half in (b"\\ud83d", b"\\ude00 and lone \\ud83d")
    )
    message = fold(halves).message
    assert message is not None
    assert message["content"] == [{"type": "text", "text": "\U0001f600 and lone \ud83d"}]


def test_interleaved_blocks_keep_their_order() -> None:
    first, second = block(0, {"type": "text", "text": ""}, text("a")), block(1, {"type": "text", "text": "b"})
    assert content(first[0], second[0], first[1], second[1]) == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_citations_are_appended() -> None:
    cited = [{"type": "citations_delta", "citation": {"cited_text": word}} for word in ("a", "b")]
    (folded,) = content(*block(0, {"type": "text", "text": ""}, cited[0], text("x"), cited[1]))
    assert folded == {"type": "text", "text": "x", "citations": [{"cited_text": "a"}, {"cited_text": "b"}]}


def test_what_is_unknown_is_kept() -> None:
    odd = {"type": "hologram_delta", "hologram": [1]}
    (folded,) = content(*block(0, {"type": "hologram", "size": 3}, odd))
    assert folded == {"type": "hologram", "size": 3, UNKNOWN_DELTAS: [odd]}
    (compacted,) = content(
        *block(0, {"type": "compaction"}, {"type": "compaction_delta", "content": "short"})
    )
    assert compacted == {"type": "compaction", "content": "short"}


def test_a_start_that_already_holds_content() -> None:
    start = {**START, "message": {**START["message"], "content": [{"type": "text", "text": "be"}]}}
    more = {"type": "content_block_delta", "index": 0, "delta": text("gun")}
    message = fold(stream(start, more)).message
    assert message is not None
    assert message["content"] == [{"type": "text", "text": "begun"}]


def test_a_fallback_names_the_model_that_answered() -> None:
    served = {"type": "fallback", "from": {"model": "claude-a"}, "to": {"model": "claude-b"}}
    message = fold(stream(START, *block(0, served))).message
    assert message is not None
    assert (message["model"], message["content"]) == ("claude-b", [served])


def test_a_delta_of_the_wrong_type_is_counted_and_left_out() -> None:
    folded = fold(
        stream(START, *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": 5}, text("x")))
    )
    assert folded.malformed == 1
    assert folded.message is not None
    assert folded.message["content"] == [{"type": "text", "text": "x"}]


def test_the_end_of_a_message_is_merged() -> None:
    last = end(
        "model_context_window_exceeded",
        9,
        context_management={"applied_edits": [{"type": "clear_thinking"}]},
        future_field=1,
    )
    last["delta"]["container"] = {"id": "c"}
    last["usage"] |= {
        "input_tokens": 5,
        "cache_read_input_tokens": None,
        "server_tool_use": {"web_search_requests": 2},
        "cache_creation": {"ephemeral_1h_input_tokens": 21},
    }
    message = fold(stream(START, end(tokens=2), last, STOP)).message
    assert message is not None
    assert message["context_management"] == {"applied_edits": [{"type": "clear_thinking"}]}
    assert (message["future_field"], message["container"]) == (1, {"id": "c"})
    assert message["stop_reason"] == "model_context_window_exceeded"
    assert message["usage"] == {
        "input_tokens": 5,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 21},
        "output_tokens": 9,
        "service_tier": "standard",
        "server_tool_use": {"web_search_requests": 2},
    }


def test_a_cut_stream() -> None:
    whole = stream(START, *block(0, {"type": "text", "text": ""}, text("kept"), text("lost")))
    body = whole[: whole.index(b"lost")]
    folded = fold(body)
    assert folded.message is not None
    assert folded.message["content"] == [{"type": "text", "text": "kept"}]
    assert not folded.complete
    assert folded.dropped == len(body) - body.rindex(b"event: content_block_delta")


def test_an_error_event() -> None:
    error = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "r",
    }
    folded = fold(stream(START, *block(0, {"type": "text", "text": "so far"}), error))
    assert (folded.error, folded.complete) == (error, False)
    assert folded.message is not None
    assert folded.message["content"] == [{"type": "text", "text": "so far"}]
    assert fold(stream(error)).message is None
    assert fold(b'data: {"error": {"message": "no"}}\n\n').error == {"error": {"message": "no"}}


def test_streams_that_other_providers_bend() -> None:
    assert fold(b"").message is None
    assert fold(b": only comments\n\n: here\n\n").message is None
    nameless = b"".join(b"data: %s\n\n" % json.dumps(e).encode() for e in (START, end(), STOP))
    assert fold(nameless + b"data: [DONE]\n\n").complete
    assert fold(nameless + b"data: [DONE]\n\n").malformed == 0
    untyped = json.dumps({key: value for key, value in START.items() if key != "type"}).encode()
    folded = fold(b"event: message_start\ndata: %s\n\ndata: {oops\n\ndata: 3\n\n" % untyped)
    assert folded.message is not None
    assert (folded.message["id"], folded.malformed) == ("msg_1", 2)
    late = fold(stream({"type": "content_block_delta", "index": 4, "delta": text("x")}))
    assert late.message == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "x"}],
    }


def test_line_ends_and_byte_order_mark_make_no_difference() -> None:
    body = stream(START, *block(0, {"type": "text", "text": ""}, text("a\r\nb")), end(), STOP)
    for line_end in (b"\r\n", b"\r"):
        assert fold(b"\xef\xbb\xbf" + body.replace(b"\n", line_end)) == fold(body)


# Generated streams ---------------------------------------------------------------------------------

words = st.text(max_size=10)
json_inputs = st.dictionaries(
    words,
    st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words, st.lists, max_leaves=4),
    max_size=3,
)


@st.composite
def tool_blocks(draw: st.DrawFn) -> tuple[Json, list[Json]]:
    kind = draw(st.sampled_from(["tool_use", "server_tool_use"]))
    written = json.dumps(draw(json_inputs))
    cut = draw(st.integers(0, len(written)))
    start = {"type": kind, "id": "toolu_1", "name": "web_search", "input": {}}
    return start, [partial(""), partial(written[:cut]), partial(written[cut:])]


def thinking_block(pieces: list[str], signature: str) -> tuple[Json, list[Json]]:
    deltas: list[Json] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    return (
        {"type": "thinking", "thinking": "", "signature": ""},
        [*deltas, {"type": "signature_delta", "signature": signature}],
    )


def citation(quoted: str) -> Json:
    place = {"document_index": 0, "document_title": None, "start_char_index": 0, "end_char_index": 1}
    told = {"type": "char_location", "cited_text": quoted, "file_id": None, **place}
    return {"type": "citations_delta", "citation": told}


any_block = st.one_of(
    st.builds(lambda p: ({"type": "text", "text": ""}, [text(x) for x in p]), st.lists(words, max_size=5)),
    st.builds(
        lambda p, c: ({"type": "text", "text": "", "citations": []}, [text(p), *map(citation, c)]),
        words,
        st.lists(words, min_size=1, max_size=3),
    ),
    st.builds(thinking_block, st.lists(words, max_size=4), words),
    st.builds(lambda data: ({"type": "redacted_thinking", "data": data}, []), words),
    tool_blocks(),
)
usages = st.fixed_dictionaries(
    {"output_tokens": st.integers(0, 9999)},
    optional={
        "input_tokens": st.integers(0, 9999),
        "cache_read_input_tokens": st.none() | st.integers(0, 9999),
        "cache_creation_input_tokens": st.none() | st.integers(0, 9999),
        "server_tool_use": st.fixed_dictionaries(
            {"web_search_requests": st.integers(0, 5), "web_fetch_requests": st.integers(0, 5)}
        ),
    },
)


@st.composite
def event_lists(draw: st.DrawFn) -> list[Json]:
    events = [START]
    for index, (start, deltas) in enumerate(draw(st.lists(any_block, max_size=5))):
        events += block(index, start, *deltas)
        events += [PING] * draw(st.integers(0, 1))
    events.append({**end(draw(st.sampled_from(["end_turn", "tool_use", "refusal"]))), "usage": draw(usages)})
    return [*events, STOP]


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_none(inner) for name, inner in value.items() if inner is not None}
    return [without_none(inner) for inner in value] if isinstance(value, list) else value


@given(event_lists())
def test_equals_what_the_official_sdk_accumulates(events: list[Json]) -> None:
    accumulators: list[tuple[Any, Json]] = [
        (accumulate_event, {}),
        (accumulate_beta, {"request_headers": {}}),
    ]
    for accumulate, more in accumulators:
        snapshot: Any = None
        buffers: dict[int, bytes] = {}
        for event in events:
            if event["type"] != "ping":
                copied = json.loads(json.dumps(event))
                snapshot = accumulate(event=copied, current_snapshot=snapshot, json_bufs=buffers, **more)
        expected = snapshot.to_dict(mode="json", use_api_names=True)
        message = fold(stream(*events)).message
        assert without_none(message) == without_none(expected)


@given(event_lists(), st.data())
def test_a_stream_cut_anywhere_is_the_fold_of_its_whole_events(
    events: list[Json], data: st.DataObject
) -> None:
    body = stream(*events)
    cut = data.draw(st.integers(0, len(body)))
    whole_events = body[:cut].count(b"\n\n")
    got, expected = fold(body[:cut]), fold(stream(*events[:whole_events]))
    assert (got.message, got.complete, got.pings) == (expected.message, expected.complete, expected.pings)
    assert got.complete == (whole_events == len(events))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "index", "delta", "text", "usage"]), inner, max_size=3)
    ),
    max_leaves=8,
)
kinds = ["message_start", "content_block_start", "content_block_delta", "message_delta", "error", "ping", "x"]
deltas = ["text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta", "x"]


odd_parts = st.dictionaries(st.sampled_from(["text", "partial_json", "content"]), json_values).flatmap(
    lambda part: st.sampled_from(deltas).map(lambda kind: {**part, "type": kind})
)
odd_events = st.dictionaries(
    st.sampled_from(["message", "index", "content_block", "delta", "usage", "error"]), json_values | odd_parts
).flatmap(lambda event: st.sampled_from(kinds).map(lambda kind: {**event, "type": kind}))


@given(st.lists(odd_events, max_size=6), st.binary(max_size=20))
def test_never_raises(events: list[Json], tail: bytes) -> None:
    fold(stream(*events) + tail)
