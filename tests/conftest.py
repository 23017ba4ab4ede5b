"""Fixtures for everyone: the scripted upstream, and a real proxy before it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.harness import Proxy
from tests.harness.lens import Lens
from tests.harness.postgres import MISSING, Postgres, expected
from tests.upstream import Provider, always, say, text

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# A shell that started us in the background has SIGINT ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why a test had to be tried again: one that fails at times is a fault, of it or of the program."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"tried again: {report.nodeid}")
        terminalreporter.line(report.longreprtext)


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """One scripted upstream for the run; take ``upstream`` in tests."""
    with Provider() as running:
        yield running


@pytest.fixture
def upstream(provider: Provider) -> Provider:
    """The scripted upstream, nothing received yet, saying hello to everyone."""
    provider.play(always(say(text("hello"))))
    return provider


@pytest.fixture(scope="session", params=["auto", "off"], ids=["transparent", "translated"])
def lane(request: pytest.FixtureRequest) -> str:
    """The value of CLAUDE_LENS_TRANSPARENT: every test that takes ``proxy`` runs once for each."""
    return str(request.param)


@pytest.fixture(scope="session")
def shared_proxy(lane: str, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """One proxy a lane for the run, with LiteLLM loaded; faults counted in it fail the run."""
    home = tmp_path_factory.mktemp(f"lens home {lane}")
    with Proxy(home, provider.url, CLAUDE_LENS_TRANSPARENT=lane, CLAUDE_LENS_LITELLM="start") as running:
        yield running
        running.assert_sound()


@pytest.fixture
def proxy(shared_proxy: Proxy, upstream: Provider) -> Proxy:
    """A running proxy before ``upstream``; its store also holds what earlier tests sent."""
    return shared_proxy


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the run, started when first asked for."""
    if not expected():
        pytest.skip(MISSING)
    with Postgres() as running:
        yield running


@pytest.fixture
def lens(tmp_path: Path) -> Iterator[Lens]:
    """A user with an empty home folder; whatever proxy they start is stopped."""
    user = Lens(tmp_path)
    yield user
    user.close()


@pytest.fixture(scope="session")
def served(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lens]:
    """A user whose proxy runs, started by ``lensctl up``; it holds a key for the provider."""
    folder = tmp_path_factory.mktemp("served")
    user = Lens(folder, ANTHROPIC_FORWARD_URL=provider.url, ANTHROPIC_API_KEY="sk-ant-served")
    started = user.lensctl("up")
    assert started.returncode == 0, started.stderr
    yield user
    user.close()
