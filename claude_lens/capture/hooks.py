"""LiteLLM's hooks: they tell the exchange in flight which deployment LiteLLM chose, and what it answered."""

from __future__ import annotations

from typing import Any

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger
from litellm.llms.custom_httpx.http_handler import get_async_httpx_client

from claude_lens.capture import answers, host, outgoing
from claude_lens.capture.anthropic_client import HonestAnthropicClient, note_error
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.request import MESSAGES
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.capture.worker import worker
from claude_lens.translation import history
from claude_lens.translation.makers import CLAUDE, maker_of


class Marker(CustomLogger):  # type: ignore[misc]
    """A callback without hooks: naming it in the configuration switches a feature on."""


class CaptureHooks(CustomLogger):  # type: ignore[misc]
    """Named in ``litellm_config.yaml`` through ``callbacks/``; one instance a process."""

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """Note the deployment; give Anthropic deployments a client that keeps what LiteLLM would drop."""
        flight = self._flight(kwargs)
        if flight is None:
            return None
        name, provider = host.provider_of(_full_name(kwargs))
        flight.routed_model, flight.provider, flight.upstream = name, provider, None
        flight.instead = None
        native = host.speaks_anthropic(name, provider)
        flight.translating = flight.endpoint == MESSAGES and not native
        flight.maker = maker_of(name, provider, native=native)
        given = kwargs
        if native:
            kwargs = without_foreign_thinking(kwargs, flight)
        if provider != "anthropic" or kwargs.get("client") is not None:
            return None if kwargs is given else kwargs
        pooled = get_async_httpx_client(llm_provider=litellm.LlmProviders.ANTHROPIC)
        exact = not kwargs.get("additional_drop_params") and next(host.foreign_callbacks(), None) is None
        return {**kwargs, "client": HonestAnthropicClient(pooled, flight, exact=exact)}

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> None:
        """Note whose virtual key it is, and ask the guard for that user. Raises where a limit is reached."""
        flight = self._flight(data)
        alias = getattr(user_api_key_dict, "key_alias", None)
        if flight is None or not isinstance(alias, str) or not alias:
            return
        flight.key_alias = alias
        sentence = worker().guard.consider_user(flight)
        if sentence is not None:
            raise HTTPException(answers.REFUSED, sentence)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Keep the upstream's own error; the front answers with it."""
        flight, error = self._flight(kwargs), kwargs.get("exception")
        if flight is not None and isinstance(error, BaseException):
            note_error(flight, error)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """The same where no failure event came before the answer."""
        flight = self._flight(request_data)
        if flight is not None and (flight.upstream is None or flight.upstream.status < 400):
            note_error(flight, original_exception)

    @staticmethod
    def _flight(data: dict[str, Any]) -> InFlight | None:
        return IN_FLIGHT.get(str(data.get("litellm_call_id")))


def without_foreign_thinking(kwargs: dict[str, Any], flight: InFlight) -> dict[str, Any]:
    """The arguments with no other thinking than the target's own."""
    if flight.endpoint != MESSAGES:
        return kwargs
    if flight.maker == CLAUDE:
        outgoing.for_claude(flight)
    cleaned = history.without_foreign_thinking(kwargs, outgoing.made_by, flight.maker or CLAUDE)
    if cleaned is None:
        return kwargs
    flight.adapted = tuple(dict.fromkeys((*flight.adapted, history.NOTE)))
    return cleaned


def _full_name(kwargs: dict[str, Any]) -> str:
    model, provider = str(kwargs.get("model")), kwargs.get("custom_llm_provider")
    return f"{provider}/{model}" if provider and not model.startswith(f"{provider}/") else model
