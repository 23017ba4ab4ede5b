"""An exchange: what was sent, what came back, what it took, what it cost, and what was new in it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from claude_lens.dashboard import conversation
from claude_lens.dashboard.conversation import Session
from claude_lens.dashboard.differences import Line, difference
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, pretty
from claude_lens.dashboard.views import stream
from claude_lens.errors import NotFound
from claude_lens.exchange import Exchange, Usage
from claude_lens.store.reading import forms
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges
from claude_lens.wire import pricing

_SHOWN_TOOLS: Final = 400
_MOST_TEXT: Final = 400_000
REDACTED: Final = "[redacted"
_SKIPPED: Final = frozenset({"content-length", "host", "connection", "accept-encoding", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class CostLine:
    """Tokens of one kind at their price. ``usd`` is None where there is no price."""

    what: str
    tokens: int
    rate: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the timing bar, in milliseconds and in thousandths of the whole."""

    what: str
    start: float
    width: float
    milliseconds: float


def exchange(request: Request) -> Response:
    """The page."""
    lens: Lens = request.app.state.lens
    summary = _summary(lens, request)
    with lens.reader.connect() as connection:
        one = _whole(connection, summary["id"])
        session = Session.read(connection, summary["session_id"])
        place = session.index_of(one.id)
        turn = None
        around: tuple[str | None, str | None] = (None, None)
        if place is not None:
            agent, index = place
            turn = conversation.window(connection, session, agent, index, index + 1, alone=True)[0]
            line = [step.summary["id"] for step in session.line(agent)]
            around = (line[index - 1] if index else None, line[index + 1] if index + 1 < len(line) else None)
    body = one.request.json or {}
    return page(
        "exchange.html",
        here="sessions",
        token=lens.access.token(request.scope["cookie"]),
        one=summary,
        whole=one,
        turn=turn,
        previous=around[0],
        following=around[1],
        phases=_phases(one),
        costs=cost_lines(one),
        tools=[_tool(tool) for tool in _list(body.get("tools"))[:_SHOWN_TOOLS]],
        system=_system(body.get("system")),
        settings={k: v for k, v in body.items() if k not in ("messages", "system", "tools", "model")},
        messages=len(_list(body.get("messages"))),
        bytes=len(json.dumps(body)) if body else None,
    )


def half(request: Request) -> Response:
    """``request.json`` or ``response.json``: a body as it was; text where it was no JSON."""
    lens: Lens = request.app.state.lens
    summary = _summary(lens, request)
    bodies = lens.reader.bodies(summary["id"])
    value = None
    if bodies is not None:
        value = bodies.request if request.path_params["half"] == "request" else bodies.response
    if value is None:
        raise NotFound("no such body is kept")
    if isinstance(value, bytes):
        return PlainTextResponse(value.decode("utf-8", "replace"))
    # Lone surrogates have no bytes of their own; escaped they survive.
    return Response(json.dumps(value, indent=1).encode("ascii"), media_type="application/json")


def curl(request: Request) -> Response:
    """The request as a command line, with the credential left to be filled in."""
    lens: Lens = request.app.state.lens
    summary = _summary(lens, request)
    bodies = lens.reader.bodies(summary["id"])
    if bodies is None:
        raise NotFound("no body is kept")
    query = f"?{bodies.query}" if bodies.query else ""
    address = lens.settings.url + summary["endpoint"] + query
    command = [f"curl {shlex.quote(address)}"]
    for name, value in bodies.request_headers:
        if name.lower() in _SKIPPED or name.lower().startswith("x-claude-lens-"):
            continue
        if REDACTED in value:
            command.append(f'-H {shlex.quote(name + ": ")}"$(cat ~/.claude-lens/key)"')
        else:
            command.append(f"-H {shlex.quote(f'{name}: {value}')}")
    raw = isinstance(bodies.request, bytes)
    words = bodies.request.decode("utf-8", "replace") if raw else json.dumps(bodies.request)
    command.append(f"--data-raw {shlex.quote(words)}")
    return PlainTextResponse(" \\\n  ".join(command))


def changes(request: Request) -> Response:
    """What differs from the exchange before it in the same agent: settings, system, tools, messages."""
    lens: Lens = request.app.state.lens
    summary = _summary(lens, request)
    other = request.query_params.get("with", "")
    with lens.reader.connect() as connection:
        one, before = _whole(connection, summary["id"]), _whole(connection, other)
    return page("changes.html", parts=_differences(before.request.json or {}, one.request.json or {}))


def _summary(lens: Lens, request: Request) -> forms.Summary:
    name = request.path_params["exchange"]
    found = lens.reader.resolve(name, "exchange")
    if found.kind != "exchange":
        raise NotFound(f"no exchange with the id {name!r}")
    return lens.reader.summary(found.id)


def _whole(connection: Connection, name: str) -> Exchange:
    found = restored(connection, exchanges.c.exchange_id == name)
    if not found:
        raise NotFound(f"no exchange with the id {name!r}")
    return found[0]


def cost_lines(one: Exchange) -> list[CostLine]:
    """The cost worked out: tokens times price, kind by kind."""
    usage = one.usage
    if usage is None:
        return []
    rates = pricing.rates(one.cost.prices, usage.prompt_tokens) or {}
    rows = [
        ("Fresh input", usage.input_tokens, pricing.INPUT),
        ("Read from cache", usage.cache_read_input_tokens, pricing.CACHE_READ),
        *_writes(usage),
        ("Output", usage.output_tokens, pricing.OUTPUT),
    ]
    return [
        CostLine(what, tokens, rates.get(name), tokens * rates[name] if name in rates else None)
        for what, tokens, name in rows
    ]


def _writes(usage: Usage) -> list[tuple[str, int, str]]:
    five, hour = usage.cache_creation_5m_input_tokens, usage.cache_creation_1h_input_tokens
    return [
        ("Written to cache, 5 minutes", five, pricing.CACHE_WRITE_5M),
        ("Written to cache, 1 hour", hour, pricing.CACHE_WRITE_1H),
    ]


def _phases(one: Exchange) -> list[Phase]:
    total = one.duration_ms
    if not total:
        return []
    marks = [0.0, one.ttfb_ms, one.ttft_ms, total]
    names = ("until the first byte", "until the first token", "until the end")
    found, start = [], 0.0
    for name, end in zip(names, marks[1:], strict=True):
        if end is None:
            continue
        end = max(min(end, total), start)
        found.append(Phase(name, 1000 * start / total, 1000 * (end - start) / total, end - start))
        start = end
    return found


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _tool(value: Any) -> tuple[str, str, int]:
    """Name, first line of the description, and size as JSON."""
    given: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    first = str(given.get("description") or "").strip().split("\n", 1)[0]
    return str(given.get("name") or given.get("type") or "?"), first[:160], len(json.dumps(value))


def _system(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    texts = [block.get("text") if isinstance(block, Mapping) else block for block in _list(value)]
    return [words if isinstance(words, str) else pretty(words) for words in texts]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, list[Line]]]:
    found: list[tuple[str, list[Line]]] = []
    lists = ("messages", "system", "tools")
    old, new = ({k: v for k, v in body.items() if k not in lists} for body in (before, after))
    _compare(found, "Settings", old, new)
    for name, title in (("system", "System block"), ("tools", "Tool"), ("messages", "Message")):
        ours, theirs = _pieces(before.get(name)), _pieces(after.get(name))
        for index in range(max(len(ours), len(theirs))):
            left = ours[index] if index < len(ours) else None
            right = theirs[index] if index < len(theirs) else None
            _compare(found, f"{title} {index + 1}", left, right)
    return found


def _pieces(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(_list(value))


def _compare(found: list[tuple[str, list[Line]]], title: str, old: Any, new: Any) -> None:
    if old == new:
        return
    texts = ["" if value is None else _readable(value)[:_MOST_TEXT] for value in (old, new)]
    if texts[0] != texts[1]:
        found.append((title, difference(texts[0], texts[1])))


def _readable(value: Any) -> str:
    """JSON whose long texts keep their lines, without the cache's marks, which move from turn to turn."""
    return pretty(_unmarked(value)).replace("\\n", "\n")


def _unmarked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _unmarked(item) for key, item in value.items() if key != "cache_control"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value


routes = [
    *stream.routes,
    Route("/exchanges/{exchange}", exchange),
    Route("/exchanges/{exchange}/{half:str}.json", half),
    Route("/exchanges/{exchange}/curl", curl),
    Route("/exchanges/{exchange}/changes", changes),
]
