"""The hook that makes a request fit its target, between LiteLLM's choice of it and LiteLLM's translation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from litellm.exceptions import BadRequestError

from claude_lens.capture import host
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.outgoing import made_by
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.exact import dump
from claude_lens.translation.makers import CLAUDE, is_own, maker_of
from claude_lens.translation.messages import is_billing, named_images
from claude_lens.translation.notes import Notes
from claude_lens.translation.request import Ability, adapt
from claude_lens.translation.searching import NOTE, is_search, stream_of, unavailable
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
        native = host.speaks_anthropic(model, provider)
        claude = maker_of(model, str(provider), native=native) == CLAUDE
        if claude or flight.endpoint != MESSAGES or not (native or _is_messages(call_type)):
            return without_billing(kwargs, flight) if native else kwargs
        body = parse_object(flight.body) or {}
        search = is_search(body)
        if search and not host.searches(model, str(provider)):
            refuse_search(body, flight, model, str(provider))
        if native:
            return without_images(without_billing(kwargs, flight), flight, model, provider)
        fields = {name: kwargs[name] for name in body if name in kwargs and name != "model"}
        ability = Ability(
            max_output=host.max_output(model, provider),
            reasoning=host.reasons(model, provider),
            short_ids=provider not in STATEFUL_IDS,
            vision=host.sees(model, provider),
            search=search,
            documents=provider in STATEFUL_IDS and host.reads_documents(model, provider),
            budget=provider in STATEFUL_IDS,
            cache_key=host.keys_cache(model, provider),
            is_own=lambda block: is_own(block, maker_of(model, str(provider), native=False), made_by),
        )
        made, adapted = adapt(fields, ability)
        flight.adapted = tuple(dict.fromkeys((*flight.adapted, *adapted)))
        rest = {name: value for name, value in kwargs.items() if name not in fields}
        # What LiteLLM still finds that the target does not take is left out, not refused.
        if search and provider == "openai":
            # OpenAI searches in its Responses API only, and LiteLLM would drop the search for some models.
            made |= {"model": f"openai/responses/{model}", "allowed_openai_params": ["web_search_options"]}
        return {**rest, **made, "drop_params": True}


def refuse_search(body: Mapping[str, Any], flight: InFlight, model: str, provider: str) -> None:
    """Say that the search is unavailable, and keep LiteLLM from asking the model: it would invent results."""
    message = unavailable(body, flight.requested_model or model)
    flight.instead = stream_of(message) if body.get("stream") else dump(message)
    flight.adapted = tuple(dict.fromkeys((*flight.adapted, NOTE)))
    flight.routed_model, flight.provider, flight.translating = model, provider, True
    raise BadRequestError(message=NOTE, model=model, llm_provider=provider)


def without_billing(kwargs: dict[str, Any], flight: InFlight) -> dict[str, Any]:
    """The arguments without the client's billing block, everything else as it came."""
    system, notes = kwargs.get("system"), Notes()
    if isinstance(system, list):
        kept = [block for block in system if not is_billing(block, notes)]
        if notes.all():
            flight.adapted = tuple(dict.fromkeys((*flight.adapted, *notes.all())))
            return {**kwargs, "system": kept or None}
    return kwargs


def without_images(
    kwargs: dict[str, Any], flight: InFlight, model: str, provider: str | None
) -> dict[str, Any]:
    """The arguments with words in the place of images, where the model is known not to see."""
    if host.sees(model, str(provider)):
        return kwargs
    notes = Notes()
    messages = named_images(kwargs.get("messages"), notes)
    if not notes.all():
        return kwargs
    flight.adapted = tuple(dict.fromkeys((*flight.adapted, *notes.all())))
    return {**kwargs, "messages": messages}


def _is_messages(call_type: Any) -> bool:
    return bool(getattr(call_type, "value", call_type) == MESSAGES_CALL)


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
