"""A store with one session: a prompt, a command, an answer; a retried error; a second prompt; a title."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claude_lens import exact
from claude_lens.exchange import Exchange, Identity, Model, Request, Response, Status
from claude_lens.replay import serving
from claude_lens.store.reading.queries import Reader, open_reader
from claude_lens.store.sink import open_sink
from claude_lens.wire import sse
from tests.harness.lens import Lens

SESSION = "33333333-cccc-4000-8000-000000000003"
T0 = 1_760_000_000.0
BASH = {"type": "tool_use", "id": "toolu_0123456789abcdef", "name": "Bash", "input": {"command": "ls"}}
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def said(*content: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def body(*messages: dict[str, Any], tools: bool = True) -> dict[str, Any]:
    billing = "x-anthropic-billing-header: cc_version=2.1.332.abc; cc_entrypoint=sdk-cli;"
    return {
        "model": "claude-sonnet-4-5",
        "system": [text(billing), text("You are an agent.")],
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}] if tools else [],
        "messages": list(messages),
        "stream": True,
        "output_config": {"effort": "high"},
    }


RESULT = user({"type": "tool_result", "tool_use_id": BASH["id"], "content": "a.txt"})
ASKED = [
    body(user(text("<system-reminder>\nx\n</system-reminder>"), text("look around"))),
    body(user(text("look around")), said(text("looking"), BASH), RESULT),
    body(user(text("look around")), said(text("looking"), BASH), RESULT),
    body(
        user(text("look around")),
        said(text("looking"), BASH),
        RESULT,
        said(text("done")),
        user(text("again")),
    ),
]
ANSWERS: list[Any] = [[text("looking"), BASH], None, [text("done")], [text("done again")]]
STREAM = (("content-type", "text/event-stream"), ("request-id", "req_1"))


def stream_of(content: list[dict[str, Any]]) -> bytes:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
    }
    message |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": {"output_tokens": 5}}
    return b"".join(
        b"event: " + name.encode() + b"\ndata: " + exact.dump({"type": name, **data}) + b"\n\n"
        for name, data in serving.events(message)
    )


def exchange(
    number: int, request: dict[str, Any], answer: Any, status: Status = "ok", **more: Any
) -> Exchange:
    """An exchange of the session; ``answer`` is a list of blocks, or an error's JSON."""
    if isinstance(answer, list):
        whole = stream_of(answer)
        response = Response(headers=STREAM, body=whole, json=sse.fold(whole).message)
    else:
        headers = (("content-type", "application/json"),)
        response = Response(headers=headers, body=exact.dump(answer), json=answer)
    identity = {"session_id": SESSION, "project": "/home/me/x", "request_class": "main", **more}
    return Exchange(
        id=f"{number:032x}",
        worker="w",
        status=status,
        http_status=200 if status == "ok" else 529,
        identity=Identity(**identity),
        model=Model(requested="claude-sonnet-4-5"),
        started_at=T0 + number,
        ttft_ms=80,
        duration_ms=100,
        request=Request(
            headers=(
                ("user-agent", "claude-cli/2.1.332 (external, sdk-cli)"),
                ("x-claude-lens-commit", "abc-dirty"),
            ),
            body=exact.dump(request),
            json=request,
        ),
        response=response,
    )


def session() -> list[Exchange]:
    """The exchanges, the title among them."""
    found = [exchange(0, ASKED[0], ANSWERS[0])]
    title = body(user(text("<session>look around</session> Write the title")), tools=False)
    found.append(exchange(1, title, [text('{"title": "Looking"}')], request_class="auxiliary"))
    found.append(exchange(2, ASKED[1], ERROR, "error"))
    found += [exchange(3 + at, ASKED[2 + at], ANSWERS[2 + at]) for at in range(2)]
    return found


@pytest.fixture
def owner(tmp_path: Path) -> Lens:
    """Whose store it is."""
    made = Lens(tmp_path)
    made.home.mkdir(mode=0o700)
    return made


@pytest.fixture
def stored(owner: Lens) -> Iterator[Reader]:
    """The store with the session."""
    sink = open_sink(owner.settings)
    for one in session():
        sink.ended(one)
    sink.close()
    with open_reader(owner.settings) as reader:
        yield reader
