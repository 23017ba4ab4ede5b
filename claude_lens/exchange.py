"""The record everything else is about: one request and its answer.

Plain, frozen, typed data without I/O. Capture produces it, sinks consume it; this module imports
nothing of ours. Times are seconds since the epoch (UTC) or milliseconds, as the name says; money is
US dollars; counts of tokens are the provider's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Lane = Literal["transparent", "translated", "imported"]
Status = Literal["running", "ok", "error", "cancelled", "interrupted", "refused"]
Evidence = Literal["headers", "spawn", "file", "billing", "default", "unknown"]

Headers = tuple[tuple[str, str], ...]

GONE: Final = b"event: redacted\n\n"
"""What stands for the event stream of an answer that redaction took away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who asks. ``id`` is None for the main agent; ``parent_id`` is None at the first level."""

    id: str | None = None
    parent_id: str | None = None
    type: str | None = None
    name: str | None = None
    description: str | None = None
    spawn_tool_use_id: str | None = None
    evidence: Evidence = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What headers and body say about the origin of a request (source: Claude Code's gateway protocol).

    ``class_inferred``: the client named no class (it is older than 2.1.273, or was not asked to), and
    ``request_class`` is what its body and its agent show.
    ``key_alias`` is what the operator of LiteLLM calls the virtual key.
    """

    session_id: str | None = None
    prompt_id: str | None = None
    request_class: str | None = None
    class_inferred: bool = False
    compaction: str | None = None
    context_compacted: str | None = None
    tool_durations_ms: tuple[tuple[str, int], ...] = ()
    user_id: str | None = None
    key_alias: str | None = None
    client: str | None = None
    project: str | None = None
    branch: str | None = None
    traceparent: str | None = None
    agent: Agent = field(default_factory=Agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model asked for, the one that answered, and why they differ; ``rule`` is also what refused."""

    requested: str | None = None
    routed: str | None = None
    provider: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counted them. ``input_tokens`` excludes cache reads and writes."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_creation_5m_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Everything the model read: fresh input, cache reads and cache writes."""
        return self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """What of an answer another inference took than the one its usage is about, at its own model's price.

    ``kind`` is ``advisor``, ``compaction`` or ``fallback`` (a model that took over and passed on).
    """

    kind: str
    model: str
    usage: Usage
    usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """``usd`` is None where the model has no known price; ``prices`` is the price map's entry used.

    ``requested_usd`` is what the same tokens cost on the requested model. ``parts`` are within ``usd``.
    """

    usd: float | None = None
    requested_usd: float | None = None
    prices: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[CostPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the client sent: redacted headers in order, query without ``?``, exact body bytes.

    ``json`` is the parsed body, None where it is not a JSON object. ``lossless``: it is known to say all that
    the body says; False where nobody has looked.
    """

    headers: Headers = ()
    query: str = ""
    body: bytes = b""
    json: Mapping[str, Any] | None = None
    lossless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the client got: redacted headers, decoded body bytes as they passed (an event stream stays one).

    ``json`` is the message a stream stands for, or the JSON body (an error, a token count);
    None where nothing whole arrived.
    """

    headers: Headers = ()
    body: bytes = b""
    json: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. Seen twice by a sink: ``running`` on arrival, complete at its end."""

    id: str
    endpoint: str = "/v1/messages"
    worker: str = ""
    status: Status = "running"
    http_status: int | None = None
    error: str | None = None
    lane: Lane = "translated"
    lane_reason: str | None = None
    identity: Identity = field(default_factory=Identity)
    model: Model = field(default_factory=Model)
    started_at: float = 0.0
    ttfb_ms: float | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    usage: Usage | None = None
    cost: Cost = field(default_factory=Cost)
    stop_reason: str | None = None
    request_id: str | None = None
    adapted: tuple[str, ...] = ()
    request: Request = field(default_factory=Request)
    response: Response | None = None
