"""One recorded request again: the exact body, to the same model or to others, through the proxy that runs."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

import httpx

from claude_lens import exact
from claude_lens.errors import HostError, NotFound, UserError
from claude_lens.messages.blocks import answer_text
from claude_lens.messages.calls import calls
from claude_lens.replay.live import MODEL, Way, way
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.wire import sse
from claude_lens.wire.events import is_stream
from claude_lens.wire.parse import parse_object

SETTLE: Final = 20.0
TAG: Final = "ask"
_KEPT: Final = ("accept", "anthropic-", "content-type", "user-agent", "x-app", "x-stainless-")
_CREDENTIALS: Final = {
    "ANTHROPIC_AUTH_TOKEN": "authorization",
    "CLAUDE_CODE_OAUTH_TOKEN": "authorization",
    "ANTHROPIC_API_KEY": "x-api-key",
}
_REDACTED: Final = b"[redacted:"


class Answer(TypedDict):
    """An answer. ``response`` is the message, or the error's JSON; the price is None where none is known."""

    model: str
    session_id: str
    status: int
    response: Any
    usage: forms.Usage | None
    cost_usd: float | None
    duration_ms: float | None


class Asked(TypedDict):
    """``recorded`` is the answer of the record, ``answers`` are the new ones in the order of the models."""

    exchange_id: str
    recorded: Answer
    answers: list[Answer]
    problems: list[str]


def ask(reader: Reader, exchange: str, models: Sequence[str], effort: str | None) -> Asked:
    """Ask again, each model by itself. Raises :class:`UserError`, :class:`HostError`."""
    whole = reader.exchange(exchange)
    bodies = reader.bodies(whole["id"])
    if bodies is None or not isinstance(bodies.request, Mapping) or "messages" not in bodies.request:
        raise UserError(f"exchange {whole['id']} has no request that could be sent again")
    found = way(os.environ, whole["project"], whole["branch"])
    headers = [(name, value) for name, value in bodies.request_headers]
    problems = []
    if _REDACTED in exact.dump(bodies.request):
        problems.append(
            "the record holds marks instead of secrets in this request: they are sent as they are"
        )
    answers = []
    for model in models or [str(bodies.request.get("model"))]:
        served = model == bodies.request.get("model") or found.is_served(model)
        body = changed(bodies.request, model if served else str(bodies.request.get("model")), effort)
        query = f"?{bodies.query}" if bodies.query else ""
        answers.append(_one(reader, found, f"{whole['endpoint']}{query}", headers, body, model, served))
    recorded: Answer = {
        "model": str(bodies.request.get("model")),
        "session_id": whole["session_id"],
        "status": whole["http_status"] or 0,
        "response": bodies.response if isinstance(bodies.response, Mapping) else None,
        "usage": whole["usage"],
        "cost_usd": whole["cost_usd"],
        "duration_ms": whole["duration_ms"],
    }
    return {"exchange_id": whole["id"], "recorded": recorded, "answers": answers, "problems": problems}


def changed(body: Mapping[str, Any], model: str, effort: str | None) -> bytes:
    """The body for another model and effort, every other field as it was and where it was."""
    told = {**body, "model": model}
    if effort is not None:
        config = body.get("output_config")
        told["output_config"] = {**(config if isinstance(config, Mapping) else {}), "effort": effort}
    return exact.dump(told)


def credentials(found: Way) -> dict[str, str]:
    """The headers by which a request is let in and paid for. Raises :class:`UserError` where nothing pays."""
    headers = {"x-litellm-api-key": found.key}
    lines = found.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    pairs = (line.partition(":") for line in lines)
    headers |= {name.strip().lower(): value.strip() for name, _, value in pairs}
    for variable, name in _CREDENTIALS.items():
        if value := found.environ.get(variable):
            return headers | {name: f"Bearer {value}" if name == "authorization" else value}
    raise UserError(
        "nothing at hand pays for a request: give the proxy a key of the provider's (ANTHROPIC_API_KEY), "
        "or set CLAUDE_CODE_OAUTH_TOKEN for a login"
    )


def _one(
    reader: Reader,
    found: Way,
    path: str,
    recorded: Sequence[tuple[str, str]],
    body: bytes,
    model: str,
    served: bool,
) -> Answer:
    session = str(uuid.uuid4())
    kept = {name.lower(): value for name, value in recorded if name.lower().startswith(_KEPT)}
    headers = {**kept, **credentials(found), "x-claude-code-session-id": session}
    if not served:
        headers[MODEL] = model
    begun = time.monotonic()
    try:
        answer = httpx.post(
            f"{found.url}{path}", content=body, headers=headers, timeout=None, trust_env=False
        )
    except httpx.HTTPError as error:
        raise HostError(f"the proxy at {found.url} did not answer: {error}") from error
    took = (time.monotonic() - begun) * 1000
    streamed = is_stream(answer.content, answer.headers.get("content-type"))
    response = sse.fold(answer.content).message if streamed else parse_object(answer.content)
    summary = _settled(reader, session)
    return {
        "model": model,
        "session_id": session,
        "status": answer.status_code,
        "response": response,
        "usage": summary["usage"] if summary else None,
        "cost_usd": summary["cost_usd"] if summary else None,
        "duration_ms": summary["duration_ms"] if summary else took,
    }


def _settled(reader: Reader, session: str) -> forms.Summary | None:
    """The exchange as the proxy recorded it, with its price; None where it is not there in time."""
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        try:
            (one,) = reader.exchanges(session)
            if one["status"] != "running":
                return one
        except (NotFound, ValueError):
            pass
        time.sleep(0.1)
    return None


def words(response: object) -> list[str]:
    """What an answer says and calls, as lines."""
    if not isinstance(response, Mapping):
        return []
    error = response.get("error")
    if isinstance(error, Mapping):
        return [f"error: {error.get('message')}"]
    lines = answer_text(response).splitlines()
    return [*lines, *(f"calls {one.name} {exact.dump(one.input).decode()}" for one in calls(response))]
