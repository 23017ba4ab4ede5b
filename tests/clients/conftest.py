"""A proxy with a mapping for an agent of the user's own, that exports traces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness import Proxy
from tests.tracing.collector import Collector
from tests.upstream import Provider


@dataclass(frozen=True)
class Stage:
    """Provider, proxy and tracing backend that all clients share."""

    provider: Provider
    proxy: Proxy
    backend: Collector


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Each test is a session of its own."""
    with Provider() as provider, Collector() as backend:
        settings = {
            "OPENAI_API_KEY": "sk-openai-RECOGNISABLE-0005",
            "OPENAI_BASE_URL": provider.url + "/v1",
            "SUBAGENT_MAPPINGS": "reviewer:openai:gpt-4o",
            "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url,
        }
        with Proxy(tmp_path_factory.mktemp("clients") / "home", provider.url, None, **settings) as proxy:
            yield Stage(provider, proxy, backend)
            proxy.assert_sound()
