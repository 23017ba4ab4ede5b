"""The few requests whose body must not go on as it came."""

from __future__ import annotations

import orjson

from claude_lens.capture.inflight import InFlight
from claude_lens.translation import history
from claude_lens.wire.parse import parse_object

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"


def prepare(flight: InFlight) -> None:
    """Set what goes on instead, where a rule or the conversation's past demands it.

    A count for a routed request names the routed model, since LiteLLM asks no callback about counts. On the
    way to Anthropic, thinking of another provider is taken out.
    """
    if flight.target is not None:
        if flight.endpoint == COUNT_TOKENS:
            body = parse_object(flight.body)
            flight.outgoing = orjson.dumps({**body, "model": flight.target}) if body else None
        return
    if flight.endpoint in (MESSAGES, COUNT_TOKENS) and history.may_hold_foreign_thinking(flight.body):
        cleaned = history.without_foreign_thinking(parse_object(flight.body) or {})
        if cleaned is not None:
            flight.outgoing = orjson.dumps(cleaned)
            flight.adapted = (*flight.adapted, history.NOTE)
