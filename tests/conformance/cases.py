"""The table of cases: what the client sends and what the upstream answers, both as bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from claude_lens.wire.encoding import decode_body
from tests.conformance.answers import (
    COOKIES,
    JSON,
    MODEL,
    dump,
    events,
    failure,
    message,
    packed,
    sse,
    streamed,
    turned,
)
from tests.conformance.rawhttp import Answered, Pairs
from tests.upstream import Answer, Received
from tests.upstream.anthropic import ERROR_TYPES

TOKEN = "@case@"
PROXY_KEY = "sk-lens-conformance-master-key-0001"
PROVIDER_KEY = "sk-ant-conformance-provider-key-0002"
LOGIN = "sk-ant-oat01-test"
BETA = "claude-code-20250219,interleaved-thinking-2025-05-14"
BILLING = "x-anthropic-billing-header: cc_version=2.1.329.abc; cc_entrypoint=sdk-cli; cch=00000;"
SILENCE = 70.0
PAUSE = 1.5

CLIENT: Pairs = (
    ("Accept", "application/json"),
    ("X-Stainless-Lang", "js"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", BETA),
    ("x-app", "cli"),
    ("User-Agent", "claude-cli/2.1.329 (external, sdk-cli)"),
    ("X-Claude-Code-Session-Id", "5f0bd66c-27bb-4ff8-9a3c-9cbd3a5a1e5c"),
    ("content-type", "application/json"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One case's request; ``body`` holds ``@case@`` where the run puts the name of case and way."""

    method: str = "POST"
    target: str = "/v1/messages?beta=true"
    headers: Pairs = CLIENT
    body: bytes = b""
    login: bool = False
    key_header: str = "Authorization"


@dataclass(frozen=True, slots=True)
class Case:
    """A row. ``about`` groups the report; ``holds`` judges answers whose bytes are the proxy's own."""

    name: str
    about: str
    sent: Sent
    answer: Answer = field(default_factory=Answer)
    leave_after: int | None = None
    holds: Callable[[Answered], list[str]] | None = None


def body(**changes: Any) -> dict[str, Any]:
    """A request as Claude Code makes it, changed by top-level field."""
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": [{"type": "text", "text": TOKEN}]}],
        "system": [
            {"type": "text", "text": BILLING},
            {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be brief. Straße, 東京, 🦊."},
        ],
        "tools": [
            {"name": "Bash", "description": "Run", "input_schema": {"type": "object", "properties": {}}}
        ],
        "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
        "max_tokens": 1024,
        "stream": True,
        **changes,
    }


def asks(**changes: Any) -> Sent:
    """A streamed request with these fields changed."""
    return Sent(body=dump(body(**changes)))


def said(*blocks: Any, role: str = "user") -> list[dict[str, Any]]:
    """A conversation that ends in these blocks, after one turn."""
    return [
        {"role": "user", "content": TOKEN},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes?"}]},
        {"role": role, "content": list(blocks)},
    ]


def headed(*extra: tuple[str, str]) -> Sent:
    """The usual request; an extra header replaces one of the same name."""
    names = {name.lower() for name, _ in extra}
    kept = tuple(pair for pair in CLIENT if pair[0].lower() not in names)
    return Sent(headers=(*kept, *extra), body=dump(body()))


def thinking_turns() -> list[dict[str, Any]]:
    """A tool call with its thoughts, and the result that goes back."""
    return [
        {"role": "user", "content": TOKEN},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmF0dXJl+/=="},
                {"type": "redacted_thinking", "data": "cmVkYWN0ZWQ="},
                {"type": "tool_use", "id": "toolu_01A", "name": "Bash", "input": {"b": 1, "a": 2}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01A", "content": "ok"}]},
    ]


def odd_tool_turns() -> list[dict[str, Any]]:
    """A tool id of unusual form and length."""
    odd = "toolu_vrtx:ä/" + "x" * 200
    call = {"type": "tool_use", "id": odd, "name": "mcp__a-very.long__tool" + "y" * 60, "input": {}}
    result = {"type": "tool_result", "tool_use_id": odd, "content": [], "is_error": True}
    user = {"role": "user", "content": TOKEN}
    return [user, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def requests() -> list[Case]:
    """What the client may send."""
    plain = streamed()
    image = {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(b"\x89PNG" * 5000).decode(),
    }
    pdf = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.7").decode()}
    tool = {"name": "T", "input_schema": {"type": "object"}, "defer_loading": True, "x_new": [1, 2.50]}
    usual = dump(body())
    spaced = (
        json.dumps(body(x_order=1), indent=1).encode().replace(b'"stream"', b'"z_\\u00e9": 1e2, "stream"')
    )
    table: dict[str, Sent] = {
        "plain streamed request": Sent(body=usual),
        "unknown top-level field": asks(an_unknown_field={"deep": [1, None, "é"]}),
        "unknown field in a block": asks(messages=said({"type": "text", "text": "x", "x_new": {"a": 1}})),
        "unknown field in a tool": asks(tools=[tool]),
        "unknown field in a system block": asks(system=[{"type": "text", "text": BILLING, "x_new": True}]),
        "unknown beta": headed(("anthropic-beta", "zz-unknown-2031-01-01,aa-unknown-2031-01-01")),
        "unknown anthropic-* header": headed(("anthropic-unheard-of", "Value, with; signs")),
        "a header twice": headed(("x-twice", "one"), ("X-Twice", "two")),
        "no ?beta=true": replace(Sent(body=usual), target="/v1/messages"),
        "an unusual query": replace(Sent(body=usual), target="/v1/messages?beta=true&x=a%2Fb+c&y"),
        "order, spaces and escapes of the body": Sent(body=spaced),
        "first system block": asks(system=[{"type": "text", "text": BILLING}]),
        "system role inside the conversation": asks(
            messages=said({"type": "text", "text": "# Environment"}, role="system")
        ),
        "thinking and redacted_thinking with signatures": asks(
            messages=thinking_turns(), thinking={"type": "adaptive"}
        ),
        "empty text blocks": asks(messages=said({"type": "text", "text": ""}, {"type": "text", "text": "x"})),
        "unusual tool ids and names": asks(messages=odd_tool_turns()),
        "images and documents": asks(
            messages=said({"type": "image", "source": image}, {"type": "document", "source": pdf})
        ),
        "max_tokens 0": asks(max_tokens=0),
        "max_tokens 128000": asks(max_tokens=128000),
        "context_management and output_config": asks(
            context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            output_config={"effort": "high"},
        ),
        "x-api-key as the proxy's key": replace(Sent(body=usual), key_header="x-api-key"),
        "a claude.ai login": replace(headed(("anthropic-beta", f"{BETA},oauth-2025-04-20")), login=True),
    }
    return [Case(name, "requests", sent, plain) for name, sent in table.items()]


def whole_answers() -> list[Case]:
    """Answers without a stream, and token counts."""
    sent = asks(stream=False)
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    blocks: list[dict[str, Any]] = [thought, {"type": "text", "text": "Hello. 東京", "citations": None}]
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "unknown_tokens": 4}
    whole = Answer(200, JSON, (dump(message(blocks, usage)),), "length")
    long = Answer(200, JSON, (dump(message([{"type": "text", "text": "x" * 100_000}])),), "length")
    counted = Answer(200, JSON, (b'{ "input_tokens": 4711 }',), "length")
    count = replace(asks(an_unknown_field=1), target="/v1/messages/count_tokens?beta=true")
    refused = Answer(400, JSON, (failure(400),), "length")
    login = replace(count, headers=headed(("anthropic-beta", "oauth-2025-04-20")).headers, login=True)
    return [
        Case("whole answer", "answers", sent, whole),
        Case("whole answer of 100 KB", "answers", sent, long),
        Case("whole answer, gzip", "answers", sent, packed(whole, "gzip")),
        Case("whole answer, zstd", "answers", sent, packed(whole, "zstd")),
        Case("whole answer, brotli", "answers", sent, packed(whole, "br")),
        Case("whole answer, deflate", "answers", sent, packed(whole, "deflate")),
        Case("a header of 30 KB", "answers", sent, replace(whole, headers=(*JSON, ("x-long", "v" * 30_000)))),
        Case("two cookies", "answers", sent, replace(whole, headers=(*JSON, *COOKIES))),
        Case("count_tokens", "count_tokens", count, counted),
        Case("count_tokens, refused", "count_tokens", count, refused),
        Case("count_tokens, a claude.ai login", "count_tokens", login, counted),
    ]


def streams() -> list[Case]:
    """How a stream may come."""
    sent = Sent(body=dump(body()))
    usual = events("Hel", "lo 東京 🦊")
    joined = b"".join(usual)
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    big = b"".join(events("x" * 2**20))
    bytewise = tuple(joined[i : i + 7] for i in range(0, len(joined), 7))
    overload = sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    table = {
        "pings and comments": streamed(*usual[:1], ping, b": a comment\n\n", *usual[1:]),
        "unknown event and unknown fields": streamed(*usual[:3], sse({"type": "x_new", "a": 1}), *usual[3:]),
        "one event over many segments": streamed(*bytewise),
        "many events in one segment": streamed(joined),
        "an event of 1 MB": streamed(big),
        "carriage returns": streamed(joined.replace(b"\n", b"\r\n")),
        "carriage returns alone": streamed(joined.replace(b"\n", b"\r")),
        "a byte order mark": streamed(b"\xef\xbb\xbf" + joined),
        "data before its event, and on many lines": streamed(*map(turned, usual)),
        "a whole answer instead": replace(
            streamed(dump(message([{"type": "text", "text": "Hello."}])), framing="length"), headers=JSON
        ),
        "a stream that is called JSON": streamed(*usual, headers=JSON),
        "stream, brotli": packed(streamed(), "br"),
        "stream, gzip": packed(streamed(), "gzip"),
        "stream, zstd": packed(streamed(), "zstd"),
        "with a content-length": streamed(framing="length"),
        "ended by closing": streamed(framing="close"),
        "pauses between events": streamed(usual[0], PAUSE, *usual[1:3], PAUSE, *usual[3:]),
        "error event inside a 200 stream": streamed(*usual[:3], overload),
        "error event first": streamed(overload),
        "cut stream": streamed(*usual[:4], 3.0, ending="close"),
        "stream reset": streamed(*usual[:4], 3.0, ending="reset"),
        "no message_stop": streamed(*usual[:4]),
        "slow first byte": streamed(delay=SILENCE),
        "long silence inside a stream": streamed(*usual[:3], 33.0, *usual[3:]),
    }
    found = [Case(name, "streams", sent, answer) for name, answer in table.items()]
    endless = streamed(*usual[:3], 30.0, *usual[3:])
    mute, whole = streamed(delay=30.0), asks(stream=False)
    return [
        *found,
        Case("client gone in mid-stream", "streams", sent, endless, leave_after=len(usual[0])),
        Case("client gone before the first byte", "streams", sent, mute, leave_after=0),
        Case("client gone before a whole answer", "streams", whole, mute, leave_after=0),
    ]


def errors() -> list[Case]:
    """Refusals, and an error that is no JSON."""
    sent = Sent(body=dump(body()))
    telling = (*JSON, ("retry-after", "3"), ("x-should-retry", "true"))
    found = [
        Case(f"status {status}", "errors", sent, Answer(status, telling, (failure(status),), "length"))
        for status in ERROR_TYPES
    ]
    whole = asks(stream=False)
    page = Answer(502, (("content-type", "text/html"),), (b"<html>Bad gateway</html>",), "length")
    empty = Answer(503, (("retry-after", "1"),), (), "length")
    found.append(Case("status 529, not streamed", "errors", whole, found[-1].answer))
    found.append(Case("status 400, gzip", "errors", sent, packed(found[0].answer, "gzip")))
    found.append(Case("status 502 with a page", "errors", sent, page))
    return [*found, Case("status 503 with no body", "errors", sent, empty)]


def others() -> list[Case]:
    """What the proxy answers by itself."""
    listing = Sent("GET", "/v1/models?limit=1000")
    keyed = replace(listing, key_header="x-api-key")
    hello = Answer(200, (), (), "length")
    models = Answer(
        200, JSON, (dump({"data": [{"type": "model", "id": MODEL, "display_name": "C"}]}),), "length"
    )
    return [
        Case("HEAD /api/hello", "others", Sent("HEAD", "/api/hello"), hello, holds=_greeted),
        Case("GET /v1/models?limit=1000, bearer", "others", listing, models, holds=_listed),
        Case("GET /v1/models?limit=1000, x-api-key", "others", keyed, models, holds=_listed),
    ]


def _greeted(answered: Answered) -> list[str]:
    return [] if answered.status == 200 and not answered.body else ["not answered with an empty 200"]


def _listed(answered: Answered) -> list[str]:
    if answered.status != 200:
        return ["status"]
    listed = json.loads(decode_body(answered.body, answered.header("content-encoding"))).get("data", [])
    fits = any("claude" in entry.get("id", "") for entry in listed) and all(
        isinstance(entry.get("display_name"), str) and entry.get("type") == "model" for entry in listed
    )
    late = answered.arrivals[-1][0] > 3
    return ([] if fits else ["not in Anthropic's form"]) + (["later than 3 s"] if late else [])


def table() -> list[Case]:
    """Every case, in the order of the report."""
    return [*requests(), *whole_answers(), *streams(), *errors(), *others()]


def answering(cases: list[Case]) -> Callable[[Received], Answer]:
    """The upstream's side: finds the case that a request belongs to by the name inside its body."""
    by_number = {f"case-{number:03d}-".encode(): case for number, case in enumerate(cases)}

    def handler(request: Received) -> Answer:
        at = request.body.find(b"case-")
        case = by_number.get(request.body[at : at + 9]) if at >= 0 else None
        if case is None:
            case = next((c for c in cases if c.sent.target == request.target), None)
        return case.answer if case else Answer(404, JSON, (failure(404),), "length")

    return handler
