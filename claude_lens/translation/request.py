"""A whole request for a provider that does not speak Anthropic's format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claude_lens.translation.messages import IsOwn, adapt_messages, adapt_system
from claude_lens.translation.notes import Notes
from claude_lens.translation.tools import adapt_tool_choice, adapt_tools

PASSED = ("model", "stream", "temperature", "top_p")
KNOWN = frozenset(
    (
        *PASSED,
        "max_tokens",
        "messages",
        "stop_sequences",
        "system",
        "tool_choice",
        "tools",
        "output_config",
        "output_format",
        "reasoning_effort",
    )
)
MOST_STOPS = 4
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
HIGHEST = "high"
MEDIUM_BUDGET, HIGH_BUDGET = 4096, 16384


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What the target can do: ``max_output`` tokens (None: unknown), reasoning with a chosen effort.

    ``short_ids`` is False where call ids carry the provider's own state. ``vision``: whether it sees images;
    ``search``: the request is about a web search, which the provider can make; ``is_own``: whether it made a
    thought. ``documents``: whether it reads those that are no text; ``budget``: whether it takes a number of
    tokens for its thoughts; ``cache_key``: whether its cache wants to know which requests belong together.
    """

    max_output: int | None = None
    reasoning: bool = False
    short_ids: bool = True
    vision: bool = True
    search: bool = False
    documents: bool = False
    budget: bool = False
    cache_key: bool = False
    is_own: IsOwn = lambda _block: False


def adapt(request: Mapping[str, Any], ability: Ability) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The request as the target can take it, and what was adapted. ``request`` is left as it is.

    Only fields that have a meaning for another provider remain; thinking becomes an effort where the target
    reasons, and goes where it does not.
    """
    notes = Notes()
    given = request.get("messages")
    messages = given if isinstance(given, list) else []
    tools = adapt_tools(request.get("tools"), messages, notes, search=ability.search)
    made: dict[str, Any] = {name: request[name] for name in PASSED if request.get(name) is not None}
    made["messages"] = adapt_messages(
        messages,
        notes,
        short_ids=ability.short_ids,
        vision=ability.vision,
        documents=ability.documents,
        is_own=ability.is_own,
    )
    made["max_tokens"] = _max_tokens(request.get("max_tokens"), ability, notes)
    budget = _budget(request) if ability.budget else None
    made |= {
        name: value
        for name, value in {
            "system": adapt_system(request.get("system"), notes),
            "tools": tools or None,
            "tool_choice": adapt_tool_choice(request.get("tool_choice"), tools),
            "stop_sequences": _stops(request.get("stop_sequences"), notes),
            "output_config": _format(request.get("output_config")),
            "output_format": request.get("output_format"),
            "reasoning_effort": _effort(request, notes) if ability.reasoning and not budget else None,
            "thinking": budget if ability.reasoning else None,
            "prompt_cache_key": _cache_key(request.get("metadata")) if ability.cache_key else None,
        }.items()
        if value
    }
    if request.get("thinking") and not ability.reasoning:
        notes.add("thinking switched off: the model does not reason")
    if dropped := sorted(name for name in request if name not in KNOWN and name != "thinking"):
        notes.add(f"fields removed: {', '.join(dropped)}")
    return made, notes.all()


def _max_tokens(value: object, ability: Ability, notes: Notes) -> int:
    wanted = value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 4096
    if ability.max_output is None or wanted <= ability.max_output:
        return wanted
    notes.add(f"max_tokens lowered from {wanted} to {ability.max_output}")
    return ability.max_output


def _stops(value: object, notes: Notes) -> list[str] | None:
    stops = [stop for stop in value if isinstance(stop, str)] if isinstance(value, list) else []
    if len(stops) > MOST_STOPS:
        notes.add(f"stop sequences beyond {MOST_STOPS} removed")
    return stops[:MOST_STOPS] or None


def _format(value: object) -> dict[str, Any] | None:
    wanted = value.get("format") if isinstance(value, Mapping) else None
    return {"format": wanted} if wanted else None


def _budget(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The thinking that a client asks for with a number of tokens."""
    thinking = request.get("thinking")
    tokens = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens <= 0:
        return None
    return {"type": "enabled", "budget_tokens": tokens}


def _cache_key(metadata: object) -> str | None:
    """One name for all requests of a session, which tells another provider nothing of the session's own."""
    told = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    try:
        user = json.loads(told) if isinstance(told, str) else None
    except (ValueError, RecursionError):
        return None
    session = user.get("session_id") if isinstance(user, dict) else None
    if not isinstance(session, str) or not session:
        return None
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _effort(request: Mapping[str, Any], notes: Notes) -> str | None:
    thinking, config = request.get("thinking"), request.get("output_config")
    told = config.get("effort") if isinstance(config, Mapping) else None
    kind = thinking.get("type") if isinstance(thinking, Mapping) else None
    if kind in (None, "disabled") and not told:
        return None
    notes.add("thinking sent as reasoning effort")
    if isinstance(told, str):
        return EFFORTS.get(told, HIGHEST)
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if not isinstance(budget, int):
        return "medium"
    return "high" if budget >= HIGH_BUDGET else "medium" if budget >= MEDIUM_BUDGET else "low"
