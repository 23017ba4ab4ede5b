"""A request that names, in a header of ours, the model that is to answer it: one that goes on from a record.

The body stays what it is, as with a rule. The name is whatever a rule may name: an entry of ``model_list``, a
model that LiteLLM knows, or ``provider:model``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

from claude_lens.agents.targets import resolve
from claude_lens.capture.door import Refusal
from claude_lens.capture.inflight import InFlight

HEADER: Final = b"x-claude-lens-model"
RULE: Final = "asked for by name"


def asked_for(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The model that a request's headers name."""
    return next((value.decode("latin-1").strip() for name, value in headers if name == HEADER), None) or None


def serve(flight: InFlight) -> Refusal | None:
    """Set the target that a request names, and add its deployment; what to say where that cannot be done."""
    name = asked_for(flight.headers)
    if name is None:
        return None
    # LiteLLM is there by now; who only asks for the header's name needs nothing of it.
    from claude_lens.capture import host, routing

    router: Any = host.router()
    if router is None or not routing.is_installed():
        return Refusal(400, f"{HEADER.decode()} needs subagent_router among the configuration's callbacks")
    try:
        target = resolve(name, router.model_names, os.environ)
    except ValueError as problem:
        return Refusal(400, f"{HEADER.decode()}: {problem}")
    routing.add(router, target)
    flight.rule, flight.target = RULE, target.name
    return None
