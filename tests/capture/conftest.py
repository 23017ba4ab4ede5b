"""LiteLLM's real state in this process, set per test."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
with warnings.catch_warnings():
    # LiteLLM's own deprecations, at its import only.
    warnings.simplefilter("ignore")
    import litellm
    from litellm.proxy import proxy_server

from claude_lens.capture import host

Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Give LiteLLM a real router over ``model_list`` and these ``general_settings``."""
    for name in host.CALLBACK_LISTS:
        monkeypatch.setattr(litellm, name, [])

    def set_up(
        model_list: list[dict[str, Any]], settings: dict[str, Any] | None = None, **router: Any
    ) -> None:
        with warnings.catch_warnings():
            # LiteLLM's own again: some of its modules load only here.
            warnings.simplefilter("ignore")
            made = litellm.Router(model_list=model_list, **router)
        monkeypatch.setattr(proxy_server, "llm_router", made)
        monkeypatch.setattr(proxy_server, "general_settings", settings or {})
        monkeypatch.setattr(proxy_server, "master_key", "sk-lens-master")

    yield set_up
    host.prices.cache_clear()


def deployment(name: str, model: str, **params: Any) -> dict[str, Any]:
    """One entry of ``model_list``."""
    return {"model_name": name, "litellm_params": {"model": model, **params}}


CLAUDE = deployment("claude-*", "anthropic/claude-*", api_key="sk-ant-operator")
