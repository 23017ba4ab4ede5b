"""The JSON forms that others rely on: sessions, exchanges and agents as ``--json`` prints them.

Times are ISO-8601 in UTC, durations milliseconds, costs US dollars. None means unknown, never zero.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from sqlalchemy import RowMapping

from claude_lens.store.bodies import Bodies
from claude_lens.store.parts import Part, unpacked

TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


class Usage(TypedDict):
    """Tokens as the provider counted them."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int


class Session(TypedDict):
    """A session. ``ended_at`` is None while something runs; ``cost_usd`` sums what is known.

    ``unpriced`` counts the exchanges that used tokens at an unknown price.
    """

    id: str
    title: str | None
    tags: list[str]
    project: str | None
    branch: str | None
    started_at: str
    ended_at: str | None
    exchanges: int
    agents: int
    cost_usd: float | None
    unpriced: int
    usage: Usage


class AgentName(TypedDict):
    """Who asked. ``id`` is None for the main agent."""

    id: str | None
    parent_id: str | None
    type: str | None
    name: str | None


class AgentTotals(AgentName):
    """An agent of a session with what it took."""

    description: str | None
    started_at: str
    ended_at: str | None
    duration_ms: float | None
    exchanges: int
    cost_usd: float | None
    unpriced: int
    usage: Usage


class ModelName(TypedDict):
    """The model asked for and the one that answered."""

    requested: str | None
    routed: str | None
    provider: str | None


class Summary(TypedDict):
    """An exchange without its bodies. ``cost_parts``: what of the cost other models took."""

    id: str
    session_id: str
    prompt_id: str | None
    agent: AgentName
    request_class: str | None
    endpoint: str
    lane: str
    status: str
    http_status: int | None
    error: str | None
    model: ModelName
    project: str | None
    branch: str | None
    started_at: str
    ttfb_ms: float | None
    ttft_ms: float | None
    duration_ms: float | None
    usage: Usage | None
    cost_usd: float | None
    cost_parts: list[Part]
    stop_reason: str | None
    request_id: str | None


class Half(TypedDict):
    """Redacted headers (those that came twice joined by a comma) and the body: JSON, else text.

    Bytes that are no text are ``{"base64": …}``.
    """

    headers: dict[str, str]
    body: Any


class Route(TypedDict):
    """Why the answer came from where it came.

    ``lane_reason``: why not the transparent lane. ``rule``: the routing rule that hit. ``evidence``: what
    told the agent. ``class_inferred``: the client named no class, and its request showed it. ``adapted``:
    what was changed for the target. ``requested_cost_usd``: the same tokens on the model asked for.
    """

    lane_reason: str | None
    rule: str | None
    evidence: str
    class_inferred: bool
    adapted: list[str]
    requested_cost_usd: float | None


class Exchange(Summary):
    """An exchange. ``response`` is None while none has arrived; ``request.body`` where none are kept."""

    route: Route
    request: Half
    response: Half | None


class Show(TypedDict):
    """A session with all that happened in it, in order of time."""

    session: Session
    agents: list[AgentTotals]
    exchanges: list[Exchange]


def iso(seconds: float) -> str:
    """``2026-01-31T09:30:00.123Z``."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def usage(row: RowMapping) -> Usage:
    """Token columns, summed or not, with nothing counted as zero."""
    return {
        "input_tokens": row["input_tokens"] or 0,
        "output_tokens": row["output_tokens"] or 0,
        "cache_read_input_tokens": row["cache_read_input_tokens"] or 0,
        "cache_creation_input_tokens": row["cache_creation_input_tokens"] or 0,
    }


def summary(row: RowMapping, status: str) -> Summary:
    """A row of ``exchanges`` joined with its session's name."""
    return {
        "id": row["exchange_id"],
        "session_id": row["session_id"],
        "prompt_id": row["prompt_id"],
        "agent": {
            "id": row["agent_id"],
            "parent_id": row["agent_parent_id"],
            "type": row["agent_type"],
            "name": row["agent_name"],
        },
        "request_class": row["request_class"],
        "endpoint": row["endpoint"],
        "lane": row["lane"],
        "status": status,
        "http_status": row["http_status"],
        "error": row["error"],
        "model": {
            "requested": row["model_requested"],
            "routed": row["model_routed"],
            "provider": row["provider"],
        },
        "project": row["project"],
        "branch": row["branch"],
        "started_at": iso(row["started_at"]),
        "ttfb_ms": row["ttfb_ms"],
        "ttft_ms": row["ttft_ms"],
        "duration_ms": row["duration_ms"],
        "usage": None if row["input_tokens"] is None else usage(row),
        "cost_usd": row["cost_usd"],
        "cost_parts": unpacked(row["cost_parts"]),
        "stop_reason": row["stop_reason"],
        "request_id": row["request_id"],
    }


def route(facts: Mapping[str, Any], requested_usd: float | None) -> Route:
    """From the ``facts`` of an exchange."""
    return {
        "lane_reason": facts.get("lane_reason"),
        "rule": facts.get("rule"),
        "evidence": facts.get("evidence", "unknown"),
        "class_inferred": bool(facts.get("class_inferred")),
        "adapted": list(facts.get("adapted") or ()),
        "requested_cost_usd": requested_usd,
    }


def full(short: Summary, way: Route, bodies: Bodies | None) -> Exchange:
    """An exchange with its bodies, if they were kept."""
    if bodies is None:
        return {**short, "route": way, "request": {"headers": {}, "body": None}, "response": None}
    answered = bodies.response_headers
    return {
        **short,
        "route": way,
        "request": {"headers": _joined(bodies.request_headers), "body": _json(bodies.request)},
        "response": None
        if answered is None
        else {"headers": _joined(answered), "body": _json(bodies.response)},
    }


def _joined(headers: list[list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _json(body: Any) -> Any:
    if not isinstance(body, bytes):
        return body
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}
