"""From an exchange to the rows that keep it. Pure: ids come from the writer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from claude_lens import exact
from claude_lens.exchange import Exchange, Headers, Request, Response
from claude_lens.messages.foreign import answer, conversation
from claude_lens.messages.helpers import is_title
from claude_lens.store import chain, content, parts
from claude_lens.store.streams import is_stream
from claude_lens.wire.dialect import dialect_of
from claude_lens.wire.headers import get

FACTS: Final = (
    "user_id",
    "key_alias",
    "title",
    "client",
    "description",
    "spawn_tool_use_id",
    "evidence",
    "class_inferred",
    "lane_reason",
    "rule",
    "adapted",
    "prices",
)
"""Keys of the ``facts`` content: what hardly differs between the exchanges of an agent."""

LONGEST_NAMES: Final = {"sqlite": 4096, "postgresql": 250}
"""Bytes of a name by kind of database; eight of them fit into a row of an index of PostgreSQL."""

NO_SESSION: Final = "no-session-"
_CLIENT: Final = re.compile(r"[A-Za-z][\w.@-]{0,40}(?:/[A-Za-z][\w-]{0,40})?")
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")
_FINGERPRINT: Final = re.compile(r":([0-9a-f]{8})\]")
_KEYS: Final = ("x-litellm-api-key", "authorization", "x-api-key", "api-key", "x-goog-api-key")
"""How the id of a session begins that stands for requests without one."""

_MESSAGE_KEYS: Final = ("role", "content")


@dataclass(slots=True)
class RequestParts:
    """What a request body is kept as: ``parts`` of a JSON object, or ``raw`` bytes; headers packed."""

    headers: bytes
    query: str | None
    parts: chain.Parts | None = None
    raw: bytes | None = None


@dataclass(slots=True)
class ResponseParts:
    """What an answer is kept as: ``message`` and ``rest`` of JSON, or ``raw`` bytes; headers packed.

    ``said`` is what ``message`` says. Of another API than Anthropic's ``rest`` is all of the JSON, and
    ``message`` a reading of it, for whoever shows or searches answers.
    """

    headers: bytes
    message: bytes | None = None
    said: Mapping[str, Any] | None = None
    rest: bytes | None = None
    raw: bytes | None = None


@dataclass(slots=True)
class Item:
    """An exchange on its way to disk. The request's parts are worked out once, and only when needed."""

    exchange: Exchange
    _request: RequestParts | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes of its bodies."""
        response = self.exchange.response
        return len(self.exchange.request.body) + (len(response.body) if response else 0)

    def request(self) -> RequestParts:
        """The request in parts."""
        if self._request is None:
            self._request = request_parts(self.exchange.request, dialect_of(self.exchange.endpoint))
        return self._request

    def bare(self) -> Item:
        """The same without what its bodies were read as: they are bytes."""
        one = self.exchange
        response = one.response and replace(one.response, json=None)
        return Item(replace(one, request=replace(one.request, json=None), response=response))

    def take_request(self, earlier: Item) -> None:
        """Reuse the work done for the arrival of the same exchange."""
        self._request = earlier._request


def request_parts(request: Request, dialect: str = "messages") -> RequestParts:
    """Take a request apart; bytes alone where it is no JSON object, or one that JSON could not say again.

    ``dialect``: the API that it was sent to, for the messages that are called otherwise there.
    """
    kept = RequestParts(headers_blob(request.headers), text(request.query) or None)
    try:
        body = request.json if request.lossless else _faithful(request.json, request.body)
        said = () if body is None or "messages" in body else conversation(body, dialect)
        kept.parts = None if body is None else chain.split(body, said)
    except (RecursionError, ValueError):
        kept.parts = None
    if kept.parts is None:
        kept.raw = request.body
    return kept


def _faithful(value: Mapping[str, Any] | None, body: bytes) -> Mapping[str, Any] | None:
    """``value`` where it is all that ``body`` says; without a body, what it is."""
    if value is None or not body:
        return value
    found: Mapping[str, Any] | None = exact.faithful(value, body)
    return found


def response_parts(response: Response) -> ResponseParts:
    """Take an answer apart: a message's role and content become the element that the next request sends."""
    kept = ResponseParts(headers_blob(response.headers))
    try:
        value = response.json
        if value is not None and is_stream(response):
            value = value if exact.sayable(value, response.body) else None
        else:
            value = _faithful(value, response.body)
        if value is not None:
            said = answer(value)
            if said is not None:
                kept.said = {key: said[key] for key in _MESSAGE_KEYS}
                kept.message = exact.dump(kept.said)
            if said is value:
                value = {key: None if key in _MESSAGE_KEYS else item for key, item in value.items()}
            kept.rest = content.pack_blob(exact.dump(value))
    except (RecursionError, ValueError):
        value, kept.message, kept.said = None, None, None
    if value is None and response.body:
        kept.raw = response.body
    return kept


def response_json(rest: bytes | None, message: bytes | None) -> Any:
    """The answer's JSON again; None where only bytes, or nothing, arrived."""
    if rest is None:
        return None
    value = exact.load(content.unpack_blob(rest))
    # Without places for a role and a content the message is another API's, and only a reading of the rest.
    if message is not None and "role" in value:
        value.update(exact.load(message))
    return value


def known_of(rest: bytes | None, message: bytes | None) -> bytes:
    """What a stream is packed against: the answer as it is stored. Raises ``ValueError`` for damage."""
    return (content.unpack_blob(rest) if rest else b"") + (message or b"")


def headers_blob(headers: Headers) -> bytes:
    """Headers as they lie on disk."""
    return content.pack_blob(exact.dump([list(pair) for pair in headers]))


def text(value: str | None) -> str | None:
    """``value`` as a database can store it: lone surrogates and NULs are replaced."""
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def short(name: str, kind: str) -> str:
    """``name`` as indexes take it: of more than :data:`LONGEST_NAMES` the beginning, and a digest."""
    most = LONGEST_NAMES.get(kind, 250)
    data = b"" if len(name) * 4 <= most else name.encode("utf-8", "replace")
    if len(data) <= most:
        return name
    return f"{data[: most - 40].decode('utf-8', 'ignore')}…{content.digest(data).hex()[:16]}"


def key_of(tag: str) -> str:
    """A tag without its case, and without what only its encoding tells apart: what two are compared by."""
    return (text(unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).casefold())) or "").strip()


def session_key(exchange: Exchange) -> str:
    """The client's session id; for requests of clients that send none, one a client, key and day (UTC).

    ``no-session-2026-11-28-openai-python-1a2b3c4d``: the day, the client's name, and the key's fingerprint.
    """
    known = text(exchange.identity.session_id)
    if known:
        return known
    client, key = _asker(exchange)
    slug = _NO_SLUG.sub("-", (client or "").lower()).strip("-")
    return "-".join(filter(None, (f"{NO_SESSION}{_day(exchange)}", slug, key)))


def session_label(exchange: Exchange) -> str | None:
    """What the session of such requests is called; None where the client has a session of its own."""
    if exchange.identity.session_id:
        return None
    client, key = _asker(exchange)
    told = f"Requests of {client}" if client else "Requests without a session"
    return f"{told}, {_day(exchange)}" + (f", key {key}" if key else "")


def _asker(exchange: Exchange) -> tuple[str | None, str | None]:
    """The client's name without its version, and the fingerprint of the key it showed."""
    named = _CLIENT.match(exchange.identity.client or "")
    shown = (_FINGERPRINT.search(get(exchange.request.headers, name) or "") for name in _KEYS)
    key = next(filter(None, shown), None)
    return text(named[0]) if named else None, key[1] if key else None


def _day(exchange: Exchange) -> str:
    return f"{datetime.fromtimestamp(exchange.started_at, UTC):%Y-%m-%d}"


def facts(exchange: Exchange) -> bytes:
    """The JSON of :data:`FACTS`, without what is not known."""
    who, agent = exchange.identity, exchange.identity.agent
    found = {
        "user_id": who.user_id,
        "key_alias": who.key_alias,
        "title": is_title(exchange.request.json),
        "client": who.client,
        "description": agent.description,
        "spawn_tool_use_id": agent.spawn_tool_use_id,
        "evidence": agent.evidence,
        "class_inferred": who.class_inferred and who.request_class is not None,
        "lane_reason": exchange.lane_reason,
        "rule": exchange.model.rule,
        "adapted": list(exchange.adapted),
        "prices": dict(exchange.cost.prices),
    }
    return exact.dump({key: value for key, value in found.items() if value})


def exchange_row(exchange: Exchange) -> dict[str, Any]:
    """Columns of ``exchanges``, without ``id``, ``session`` and ``facts``."""
    who, agent, model, usage = (
        exchange.identity,
        exchange.identity.agent,
        exchange.model,
        exchange.usage,
    )
    durations = who.tool_durations_ms
    return {
        "exchange_id": text(exchange.id),
        "worker": text(exchange.worker),
        "endpoint": text(exchange.endpoint),
        "status": exchange.status,
        "http_status": exchange.http_status,
        "error": text(exchange.error),
        "lane": exchange.lane,
        "prompt_id": text(who.prompt_id),
        "request_class": text(who.request_class),
        "compaction": text(who.compaction),
        "context_compacted": text(who.context_compacted),
        "project": text(who.project),
        "branch": text(who.branch),
        "agent_id": text(agent.id),
        "agent_parent_id": text(agent.parent_id),
        "agent_type": text(agent.type),
        "agent_name": text(agent.name),
        "model_requested": text(model.requested),
        "model_routed": text(model.routed),
        "provider": text(model.provider),
        "started_at": exchange.started_at,
        "ttfb_ms": exchange.ttfb_ms,
        "ttft_ms": exchange.ttft_ms,
        "duration_ms": exchange.duration_ms,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cache_read_input_tokens": usage and usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage and usage.cache_creation_input_tokens,
        "cache_creation_5m_input_tokens": usage and usage.cache_creation_5m_input_tokens,
        "cache_creation_1h_input_tokens": usage and usage.cache_creation_1h_input_tokens,
        "cost_usd": exchange.cost.usd,
        "cost_requested_usd": exchange.cost.requested_usd,
        "cost_parts": parts.packed(exchange.cost.parts),
        "stop_reason": text(exchange.stop_reason),
        "request_id": text(exchange.request_id),
        "traceparent": text(who.traceparent),
        "tool_durations": orjson.dumps(durations).decode() if durations else None,
    }
