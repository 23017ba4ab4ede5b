"""An exchange: what was sent, what came back, what it took, what it cost, and what was new in it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from claude_lens.dashboard import conversation
from claude_lens.dashboard.conversation import Session
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, pretty
from claude_lens.dashboard.views import stream
from claude_lens.errors import NotFound
from claude_lens.exchange import Exchange, Usage
from claude_lens.store.reading import forms
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import exchanges
from claude_lens.wire import pricing

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
    summary = summary_of(lens, request)
    with lens.reader.connect() as connection:
        one = whole(connection, summary["id"])
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
        beside=beside_lines(one),
        saved=saved(one),
        tools=len(_list(body.get("tools"))),
        system=_system(body.get("system")),
        settings={k: v for k, v in body.items() if k not in ("messages", "system", "tools", "model")},
        messages=len(_list(body.get("messages"))),
        bytes=len(json.dumps(body)) if body else None,
    )


def half(request: Request) -> Response:
    """``request.json`` or ``response.json``: a body as it was; text where it was no JSON."""
    lens: Lens = request.app.state.lens
    summary = summary_of(lens, request)
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
    summary = summary_of(lens, request)
    bodies = lens.reader.bodies(summary["id"])
    if bodies is None:
        raise NotFound("no body is kept")
    query = f"?{bodies.query}" if bodies.query else ""
    address = lens.settings.url + summary["endpoint"] + query
    command = [f"curl {shlex.quote(address)}"]
    own = lens.settings.home / "key"
    key = "~/.claude-lens/key" if own == Path.home() / ".claude-lens" / "key" else shlex.quote(str(own))
    for name, value in bodies.request_headers:
        if name.lower() in _SKIPPED or name.lower().startswith("x-claude-lens-"):
            continue
        if REDACTED in value:
            command.append(f'-H {shlex.quote(name + ": ")}"$(cat {key})"')
        else:
            command.append(f"-H {shlex.quote(f'{name}: {value}')}")
    raw = isinstance(bodies.request, bytes)
    words = bodies.request.decode("utf-8", "replace") if raw else json.dumps(bodies.request)
    command.append(f"--data-raw {shlex.quote(words)}")
    return PlainTextResponse(" \\\n  ".join(command))


def summary_of(lens: Lens, request: Request) -> forms.Summary:
    """What the exchange in the address is in short. Raises :class:`NotFound`."""
    name = request.path_params["exchange"]
    found = lens.reader.resolve(name, "exchange")
    if found.kind != "exchange":
        raise NotFound(f"no exchange with the id {name!r}")
    return lens.reader.summary(found.id)


def whole(connection: Connection, name: str) -> Exchange:
    """An exchange with everything that is kept of it. Raises :class:`NotFound`."""
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
        ("Cache read", usage.cache_read_input_tokens, pricing.CACHE_READ),
        *_writes(usage),
        ("Output", usage.output_tokens, pricing.OUTPUT),
    ]
    return [
        CostLine(what, tokens, rates.get(name), tokens * rates[name] if name in rates else None)
        for what, tokens, name in rows
    ]


def beside_lines(one: Exchange) -> list[CostLine]:
    """What other models took of it, a line each."""
    return [
        CostLine(f"{part.kind.capitalize()}: {part.model}", tokens, None, part.usd)
        for part in one.cost.parts
        for tokens in (part.usage.prompt_tokens + part.usage.output_tokens,)
    ]


def saved(one: Exchange) -> float | None:
    """Dollars that the cache saved, below zero where its writes cost more; None without cache or prices."""
    usage = one.usage
    if usage is None or usage.prompt_tokens == usage.input_tokens:
        return None
    rates = pricing.rates(one.cost.prices, usage.prompt_tokens)
    lines = [line.usd for line in cost_lines(one)]
    if not rates or None in lines:
        return None
    without = usage.prompt_tokens * rates[pricing.INPUT] + usage.output_tokens * rates[pricing.OUTPUT]
    return without - sum(usd for usd in lines if usd is not None)


def _writes(usage: Usage) -> list[tuple[str, int, str]]:
    five, hour = usage.cache_creation_5m_input_tokens, usage.cache_creation_1h_input_tokens
    return [
        ("Cache write, 5 min", five, pricing.CACHE_WRITE_5M),
        ("Cache write, 1 h", hour, pricing.CACHE_WRITE_1H),
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


def _system(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    texts = [block.get("text") if isinstance(block, Mapping) else block for block in _list(value)]
    return [words if isinstance(words, str) else pretty(words) for words in texts]


routes = [
    *stream.routes,
    Route("/exchanges/{exchange}", exchange),
    Route("/exchanges/{exchange}/{half:str}.json", half),
    Route("/exchanges/{exchange}/curl", curl),
]
