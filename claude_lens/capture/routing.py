"""Routing: once it is known who asks, the rules are asked, and LiteLLM is told which model answers.

Off without rules.
"""

from __future__ import annotations

import hashlib
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.types.router import Deployment, LiteLLM_Params

from claude_lens.agents.routes import Routes
from claude_lens.agents.rules import question
from claude_lens.agents.targets import Target
from claude_lens.capture import host
from claude_lens.capture.adapting import Adapting
from claude_lens.capture.asgi import Send
from claude_lens.capture.asking import Asking
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.messages.blocks import CALLED
from claude_lens.messages.calls import calls


class SubagentRouter:
    """Asks the rules about every request. Lives on the event loop of one worker."""

    def __init__(self, routes: Routes, asking: Asking) -> None:
        self._routes = routes
        self._asking = asking
        asking.by_class = routes.by_class
        self._served: object = None

    async def consider(self, flight: InFlight, send: Send) -> Send:
        """Set the rule that hits and the target model; returns a ``send`` that learns from the answer.

        Where who asks cannot be found out, the request goes on as if there were no rules.
        """
        send = await self._asking.consider(flight, send)
        if flight.asker is None or flight.identity is None:
            return send
        asked = question(
            flight.asker,
            request_class=flight.identity.request_class,
            model=flight.requested_model,
            size=len(flight.body),
        )
        rule = self._routes.find(asked)
        if rule is not None:
            self.serve_targets()
            flight.rule, flight.target = rule.label, rule.to
        return send

    def serve_targets(self) -> None:
        """Add a deployment for each target that ``model_list`` lacks, once for each router of LiteLLM's."""
        router = host.router()
        if router is None or router is self._served:
            return
        for target in self._routes.targets.values():
            add(router, target)
        self._served = router


def add(router: Any, target: Target) -> None:
    """Add the deployment of a target that ``model_list`` lacks; does nothing the second time."""
    if target.params is None or target.name in router.model_names:
        return
    digest = hashlib.sha256(repr(sorted(target.params.items())).encode()).hexdigest()[:16]
    router.add_deployment(
        Deployment(
            model_name=target.name,
            litellm_params=LiteLLM_Params(**target.params),
            model_info={"id": f"claude-lens-{digest}"},
        )
    )


def is_installed() -> bool:
    """Whether LiteLLM asks us before it calls a model."""
    return any(isinstance(one, RoutingHook) for one in litellm.callbacks)


class RoutingHook(Adapting, CustomLogger):  # type: ignore[misc]
    """What ``litellm_config.yaml`` names through ``callbacks/``: LiteLLM is told the target of a rule."""

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """Replace the model; LiteLLM gives the client the name that it asked for all the same."""
        flight = IN_FLIGHT.get(str(data.get("litellm_call_id")))
        if flight is None or flight.target is None:
            return None
        data["model"] = flight.target
        return data

    async def async_post_call_success_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any
    ) -> Any:
        """Put right what LiteLLM says: the model after a fallback, the end of an answer that calls tools."""
        flight = IN_FLIGHT.get(str(data.get("litellm_call_id")))
        if flight is not None and flight.target and isinstance(response, dict) and "model" in response:
            response["model"] = flight.requested_model
        ended = isinstance(response, dict) and response.get("stop_reason") == "end_turn"
        if ended and any(one.carrier == "client" for one in calls(response)):
            response["stop_reason"] = CALLED
        return response
