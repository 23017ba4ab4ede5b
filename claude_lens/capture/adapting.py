"""The hook that makes a request fit its target, between LiteLLM's choice of it and LiteLLM's translation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from claude_lens.capture import host
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.translation.messages import is_billing
from claude_lens.translation.notes import Notes
from claude_lens.translation.request import Ability, adapt
from claude_lens.wire.parse import parse_object

log = logging.getLogger("claude_lens")
MESSAGES_CALL = "anthropic_messages"
MESSAGES = "/v1/messages"
HEADERS = ("headers", "extra_headers")
# Their call ids carry the model's signed thoughts.
STATEFUL_IDS = frozenset(("gemini", "vertex_ai", "vertex_ai_beta"))


class Adapting:
    """One hook of LiteLLM's ``CustomLogger``; Anthropic itself is let be.

    Others who speak its format only lose the client's billing block, which would spoil their prompt caches,
    and its headers.
    """

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """The arguments of the call, adapted; None where nothing is to be changed."""
        flight = IN_FLIGHT.get(str(kwargs.get("litellm_call_id")))
        if flight is None:
            return None
        model, provider = host.target_of(kwargs)
        if provider in (None, "anthropic"):
            return None
        kwargs = without_clients_headers(kwargs, flight)
        if host.speaks_anthropic(model, provider):
            return without_billing(kwargs, flight)
        if flight.endpoint != MESSAGES or getattr(call_type, "value", call_type) != MESSAGES_CALL:
            return kwargs
        body = parse_object(flight.body) or {}
        fields = {name: kwargs[name] for name in body if name in kwargs and name != "model"}
        ability = Ability(
            max_output=host.max_output(model, provider),
            reasoning=host.reasons(model, provider),
            short_ids=provider not in STATEFUL_IDS,
        )
        made, adapted = adapt(fields, ability)
        flight.adapted = tuple(dict.fromkeys((*flight.adapted, *adapted)))
        rest = {name: value for name, value in kwargs.items() if name not in fields}
        # What LiteLLM still finds that the target does not take is left out, not refused.
        return {**rest, **made, "drop_params": True}


def without_billing(kwargs: dict[str, Any], flight: InFlight) -> dict[str, Any]:
    """The arguments without the client's billing block, everything else as it came."""
    system, notes = kwargs.get("system"), Notes()
    if isinstance(system, list):
        kept = [block for block in system if not is_billing(block, notes)]
        if notes.all():
            flight.adapted = tuple(dict.fromkeys((*flight.adapted, *notes.all())))
            return {**kwargs, "system": kept or None}
    return kwargs


def without_clients_headers(kwargs: Mapping[str, Any], flight: InFlight) -> dict[str, Any]:
    """The arguments without headers that the client sent; those of the deployment itself stay."""
    sent = {(name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in flight.headers}
    made = dict(kwargs)
    for key in HEADERS:
        if isinstance(made.get(key), Mapping):
            made[key] = {
                name: value
                for name, value in made[key].items()
                if (str(name).lower(), str(value)) not in sent
            }
    return made
