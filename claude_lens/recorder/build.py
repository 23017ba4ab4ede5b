"""Frames to exchanges: what arrived, how it ended, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from claude_lens.errors import HostError
from claude_lens.exchange import Agent, Cost, Exchange, Model, Request, Response, Status, Usage
from claude_lens.messages.helpers import is_count
from claude_lens.recorder.bodies import Body
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.store.maintenance.prices import price_map, prices_of
from claude_lens.wire import dialect, headers, iterations, pricing
from claude_lens.wire.encoding import decode_body
from claude_lens.wire.environment import working_folder
from claude_lens.wire.errors import error_text
from claude_lens.wire.events import BOM, is_stream
from claude_lens.wire.identity import identify
from claude_lens.wire.parse import parse_object
from claude_lens.wire.usage import usage_of

_AGENT_FIELDS = frozenset(field.name for field in fields(Agent))
_REQUEST_IDS = ("request-id", "x-request-id", "llm_provider-request-id", "apim-request-id")
_NO_END = "the stream ended before its last event"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A decoded answer; ``error`` is one line where the body itself tells of a failure, ``whole`` its end."""

    body: bytes
    json: Mapping[str, Any] | None = None
    error: str | None = None
    whole: bool = True


def running(arrival: Arrival, read: Body | None = None) -> Exchange:
    """The exchange as it stands when its request has arrived. A body that is not JSON has no ``json``.

    ``read`` is the body where it has been read already; secrets are then taken out of it.
    """
    encoding = headers.get(arrival.headers, "content-encoding")
    json = read.told if read else parse_object(decode_body(arrival.body, encoding))
    requested = (json.get("model") if json else None) or dialect.model_in(arrival.endpoint)
    query = headers.redact_query(arrival.query)
    identity = identify(arrival.headers, json)
    if identity.project is None:
        # A client that the launcher did not start says it in its own words only.
        identity = replace(identity, project=read.folder if read else working_folder(json))
    request = Request(headers=arrival.headers, query=query, body=arrival.body, json=json)
    if read:
        request = replace(request, body=read.clean.data, json=read.json, lossless=True)
    return Exchange(
        id=arrival.id,
        endpoint=arrival.endpoint,
        worker=arrival.worker,
        status="running",
        lane=arrival.lane,
        lane_reason=arrival.lane_reason,
        identity=identity,
        model=Model(requested=requested if isinstance(requested, str) else None),
        started_at=arrival.arrived_at,
        request=request,
    )


def complete(running: Exchange, ending: Ending) -> Exchange:
    """The exchange as it ended.

    An ``ok`` becomes ``error`` where the HTTP status or the stream says so, the stream lacks its end, or
    there is no message at all (a redirect, a page, nothing); a ``cancelled`` becomes ``ok`` where the client
    left after the last event. Cost is 0.0 where nothing was billed (token counts, refused requests) and None
    where it is unknown.
    """
    answer = _answer(running.endpoint, ending)
    status, error = _outcome(ending, answer, dialect.dialect_of(running.endpoint) == "other")
    usage = usage_of(answer.json) if ending.usage_told else None
    agent = {name: value for name, value in ending.agent.items() if name in _AGENT_FIELDS}
    model, routed = running.model, _served(running, ending, answer)
    return replace(
        running,
        status=status,
        http_status=ending.http_status,
        error=error,
        identity=replace(
            running.identity,
            agent=replace(running.identity.agent, **agent),
            key_alias=ending.key_alias,
        ),
        model=Model(
            requested=model.requested,
            routed=routed,
            provider=ending.provider,
            rule=ending.rule,
        ),
        ttfb_ms=ending.ttfb_ms,
        ttft_ms=ending.ttft_ms,
        duration_ms=ending.duration_ms,
        usage=usage,
        cost=_cost(running, ending, usage, answer, routed),
        stop_reason=_stop_reason(answer.json),
        request_id=_request_id(ending, answer),
        adapted=ending.adapted,
        response=Response(headers=ending.headers, body=answer.body, json=answer.json),
    )


def interrupted(running: Exchange) -> Exchange:
    """The exchange of a proxy that stopped before its answer ended."""
    return replace(running, status="interrupted", error="the proxy stopped before the answer ended")


def plain(arrival: Arrival) -> Exchange:
    """The exchange of a request that a fault of ours kept from being understood: its bytes."""
    return Exchange(
        id=arrival.id,
        endpoint=arrival.endpoint,
        worker=arrival.worker,
        status="running",
        lane=arrival.lane,
        lane_reason=arrival.lane_reason,
        identity=identify(arrival.headers, None),
        model=Model(requested=None),
        started_at=arrival.arrived_at,
        request=Request(
            headers=arrival.headers,
            query=arrival.query and headers.redact_query(arrival.query),
            body=arrival.body,
        ),
    )


def unreadable(running: Exchange, ending: Ending | None = None) -> Exchange:
    """The exchange of an answer that a fault of ours kept from being understood: of ``ending`` its bytes."""
    exchange = replace(running, status="error", error="the answer could not be understood")
    if ending is None:
        return exchange
    return replace(
        exchange,
        http_status=ending.http_status,
        ttfb_ms=ending.ttfb_ms,
        ttft_ms=ending.ttft_ms,
        duration_ms=ending.duration_ms,
        response=Response(
            headers=ending.headers,
            body=decode_body(ending.body, headers.get(ending.headers, "content-encoding")),
        ),
    )


def _answer(endpoint: str, ending: Ending) -> _Answer:
    body = decode_body(ending.body, headers.get(ending.headers, "content-encoding"))
    if not is_stream(body, headers.get(ending.headers, "content-type")):
        json = parse_object(body.removeprefix(BOM))
        is_error = json is not None and json.get("type") == "error"
        return _Answer(body=body, json=json, error=error_text(json, ending.http_status) if is_error else None)
    folded = dialect.fold(endpoint, body)
    error = error_text(folded.error) if folded.error is not None else None
    return _Answer(body=body, json=folded.json, error=error, whole=folded.whole)


def _refused(ending: Ending) -> bool:
    """Whether the status alone tells that nothing was answered: a refusal, or a redirect."""
    return ending.http_status is not None and ending.http_status >= 300


def _outcome(ending: Ending, answer: _Answer, other: bool) -> tuple[Status, str | None]:
    """``other``: an endpoint of which nobody knows what it answers, so that any bytes are an answer."""
    status, refused, text = ending.status, _refused(ending), answer.error
    mute = status == "ok" and answer.whole and answer.json is None and not refused and not other
    failed = refused or mute or text is not None
    if text is None and failed:
        body = b"an empty answer" if mute and not answer.body else answer.body
        text = error_text(answer.json, ending.http_status, body)
    if status == "ok" and (failed or not answer.whole):
        return "error", ending.error or text or _NO_END
    if status == "cancelled" and answer.body and answer.whole and not failed and usage_of(answer.json):
        return "ok", None
    return status, None if status == "ok" else ending.error or text


def _cost(
    running: Exchange, ending: Ending, usage: Usage | None, answer: _Answer, routed: str | None
) -> Cost:
    prices = pricing.relevant(_answering(ending, routed) or {})
    if usage is None:
        if is_count(running.endpoint) or _refused(ending):
            return Cost(usd=0.0, requested_usd=0.0, prices=prices)
        return Cost(usd=ending.cost_usd, prices=prices)
    told = answer.json.get("usage") if answer.json else None
    told = told if isinstance(told, Mapping) else None
    same_model = ending.requested_prices is None and routed in (None, running.model.requested)
    usd, parts = iterations.priced(usage, prices, answer.json or {}, prices_of_model)
    if ending.cost_usd is not None and (usd is None or pricing.depends_on_more(prices)):
        usd = ending.cost_usd
    requested = pricing.cost(usage, ending.requested_prices, told) if ending.requested_prices else None
    if requested is not None:
        requested += sum(part.usd or 0.0 for part in parts if part.kind != "fallback")
    return Cost(usd=usd, requested_usd=usd if same_model else requested, prices=prices, parts=parts)


def _served(running: Exchange, ending: Ending, answer: _Answer) -> str | None:
    """The model that answered: as routed, or the one that the provider itself gave the request to."""
    asked = running.model.requested
    routed = ending.routed_model or running.model.routed or asked
    # Where LiteLLM leads elsewhere, answers may carry the name that was asked for.
    told = iterations.served(answer.json) if ending.provider == "anthropic" and routed == asked else None
    return told if told and routed and not iterations.is_same(told, routed) else routed


def _answering(ending: Ending, routed: str | None) -> Mapping[str, Any] | None:
    """The prices of the model that answered; the proxy knew only the one that it sent the request to."""
    if routed is None or routed == ending.routed_model or ending.routed_model is None:
        return ending.prices
    return prices_of_model(routed)


@lru_cache(maxsize=256)
def prices_of_model(model: str) -> Mapping[str, Any] | None:
    """LiteLLM's list price of one of Anthropic's models, read from its file; None where there is none."""
    try:
        return prices_of(model, "anthropic")
    except HostError:
        return None
    finally:
        # The whole list is large, and seldom asked.
        price_map.cache_clear()


def _stop_reason(json: Mapping[str, Any] | None) -> str | None:
    if not json:
        return None
    reason = json.get("stop_reason")
    choices = json.get("choices")
    if reason is None and isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        reason = choices[0].get("finish_reason")
    return reason if isinstance(reason, str) else None


def _request_id(ending: Ending, answer: _Answer) -> str | None:
    told = answer.json.get("request_id") if answer.json else None
    candidates = [ending.request_id, *(headers.get(ending.headers, name) for name in _REQUEST_IDS), told]
    return next((value for value in candidates if isinstance(value, str) and value), None)
