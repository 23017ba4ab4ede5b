"""One proxy that serves a model of every format, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Proxy
from tests.providers.serving import KEYS, addresses, write_config
from tests.upstream import Provider


@pytest.fixture(scope="session")
def all_formats(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("all formats")
    config = write_config(folder, provider.url)
    with Proxy(folder / "home", provider.url, config, **KEYS, **addresses(provider.url)) as running:
        yield running
        running.assert_sound()


@pytest.fixture
def formats(all_formats: Proxy, upstream: Provider) -> Proxy:
    """A proxy before ``upstream`` that serves every name of ``serving.MODELS``."""
    return all_formats
