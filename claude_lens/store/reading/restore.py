"""From rows back to :class:`Exchange`: the whole record, as the sinks once got it.

The bodies are equal as JSON to what passed. Of their bytes only event streams are kept, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, select

from claude_lens.exact import load
from claude_lens.exchange import Agent, Cost, Exchange, Headers, Identity, Model, Request, Response, Usage
from claude_lens.store import parts
from claude_lens.store.bodies import Bodies, Loader
from claude_lens.store.content import unpack
from claude_lens.store.reading.raw import streams_of
from claude_lens.store.rows import NO_SESSION
from claude_lens.store.schema import contents, exchanges, sessions

_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
)


def restored(
    connection: Connection, *where: ColumnElement[bool], limit: int | None = None, streams: bool = False
) -> list[Exchange]:
    """The exchanges that ``where`` (of the tables ``exchanges`` and ``sessions``) selects, in order of time.

    ``streams``: the body of an answer is its event stream, where that is kept. Raises :class:`StoreError`
    where their content is missing or damaged.
    """
    query = (
        select(sessions.c.session_id, *exchanges.c)
        .join_from(exchanges, sessions)
        .where(*where)
        .order_by(exchanges.c.started_at, exchanges.c.exchange_id)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    keys = [row["id"] for row in rows]
    bodies = Loader(connection).load(keys)
    raw = streams_of(connection, keys) if streams else {}
    facts = _facts(connection, sorted({row["facts"] for row in rows if row["facts"] is not None}))
    return [
        _exchange(row, facts.get(row["facts"], {}), bodies.get(row["id"]), raw.get(row["id"], b""))
        for row in rows
    ]


def bare(connection: Connection, keys: Sequence[int]) -> list[tuple[int, Exchange]]:
    """These rows of ``exchanges`` without their bodies, each with its key, in order of time."""
    query = (
        select(sessions.c.session_id, *exchanges.c)
        .join_from(exchanges, sessions)
        .where(exchanges.c.id.in_(keys))
        .order_by(exchanges.c.started_at, exchanges.c.exchange_id)
    )
    rows = connection.execute(query).mappings().all()
    facts = _facts(connection, sorted({row["facts"] for row in rows if row["facts"] is not None}))
    return [(row["id"], _exchange(row, facts.get(row["facts"], {}), None, b"")) for row in rows]


def _facts(connection: Connection, keys: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    query = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(keys))
    return {key: load(unpack(codec, data)) for key, codec, data in connection.execute(query)}


def _exchange(row: RowMapping, facts: Mapping[str, Any], bodies: Bodies | None, stream: bytes) -> Exchange:
    known = row["input_tokens"] is not None
    prices = facts.get("prices") or {}
    return Exchange(
        id=row["exchange_id"],
        endpoint=row["endpoint"],
        worker=row["worker"],
        status=row["status"],
        http_status=row["http_status"],
        error=row["error"],
        lane=row["lane"],
        lane_reason=facts.get("lane_reason"),
        identity=_identity(row, facts),
        model=Model(
            requested=row["model_requested"],
            routed=row["model_routed"],
            provider=row["provider"],
            rule=facts.get("rule"),
        ),
        started_at=row["started_at"],
        ttfb_ms=row["ttfb_ms"],
        ttft_ms=row["ttft_ms"],
        duration_ms=row["duration_ms"],
        usage=Usage(**{name: row[name] for name in _TOKENS}) if known else None,
        cost=Cost(
            usd=row["cost_usd"],
            requested_usd=row["cost_requested_usd"],
            prices=prices,
            parts=parts.restored(row["cost_parts"]),
        ),
        stop_reason=row["stop_reason"],
        request_id=row["request_id"],
        adapted=tuple(facts.get("adapted") or ()),
        request=_request(bodies),
        response=_response(bodies, stream),
    )


def _identity(row: RowMapping, facts: Mapping[str, Any]) -> Identity:
    named = row["session_id"]
    durations = orjson.loads(row["tool_durations"]) if row["tool_durations"] else ()
    return Identity(
        session_id=None if named.startswith(NO_SESSION) else named,
        prompt_id=row["prompt_id"],
        request_class=row["request_class"],
        class_inferred=bool(facts.get("class_inferred")),
        compaction=row["compaction"],
        context_compacted=row["context_compacted"],
        tool_durations_ms=tuple((name, ms) for name, ms in durations),
        user_id=facts.get("user_id"),
        key_alias=facts.get("key_alias"),
        client=facts.get("client"),
        project=row["project"],
        branch=row["branch"],
        traceparent=row["traceparent"],
        agent=Agent(
            id=row["agent_id"],
            parent_id=row["agent_parent_id"],
            type=row["agent_type"],
            name=row["agent_name"],
            description=facts.get("description"),
            spawn_tool_use_id=facts.get("spawn_tool_use_id"),
            evidence=facts.get("evidence", "unknown"),
        ),
    )


def _request(bodies: Bodies | None) -> Request:
    if bodies is None:
        return Request()
    raw = bodies.request if isinstance(bodies.request, bytes) else b""
    json = bodies.request if isinstance(bodies.request, Mapping) else None
    return Request(headers=_headers(bodies.request_headers), query=bodies.query, body=raw, json=json)


def _response(bodies: Bodies | None, stream: bytes) -> Response | None:
    if bodies is None or bodies.response_headers is None:
        return None
    raw = bodies.response if isinstance(bodies.response, bytes) else stream
    json = bodies.response if isinstance(bodies.response, Mapping) else None
    return Response(headers=_headers(bodies.response_headers), body=raw, json=json)


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)
