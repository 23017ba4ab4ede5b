"""A proxy with rules, for every test that takes one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.routed import OPENAI_KEY, ROUTES, write_config
from tests.harness import Proxy
from tests.upstream import Provider

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these start proxies and clients: none belongs to what runs beside others."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def mixed(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("mixed")
    keys = {
        "OPENAI_API_KEY": OPENAI_KEY,
        "OPENAI_BASE_URL": provider.url + "/v1",
        "PLANO_BASE_URL": provider.url,
        "SUBAGENT_MAPPINGS": "planner:plano:deepseek/deepseek-chat",
    }
    config = write_config(folder, ROUTES)
    with Proxy(folder / "home", provider.url, config, **keys) as running:
        yield running
        running.assert_sound()
