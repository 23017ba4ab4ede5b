"""A dashboard over a store of our own making, asked over ASGI; and one served by ``lensctl dashboard``."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from claude_lens import settings as setting_table
from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.server import link
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.harness import Child
from tests.store.conftest import make

__all__ = ["make"]

PORT = 8083
ORIGIN = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a home that nobody used before; no proxy listens there."""
    environ = {"CLAUDE_LENS_HOME": str(tmp_path / "home"), "CLAUDE_LENS_URL": "http://127.0.0.1:9"}
    return setting_table.parse(environ)


@pytest.fixture
def sink(settings: Settings) -> Iterator[StoreSink]:
    """The store behind the dashboard, to write to."""
    opened = StoreSink(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def reader(settings: Settings) -> Iterator[Reader]:
    """The same store, to read from."""
    with Reader(settings.database_url) as opened:
        yield opened


@pytest.fixture
def stranger(settings: Settings) -> Iterator[TestClient]:
    """A browser without a cookie."""
    with TestClient(
        create_app(settings, "127.0.0.1", PORT), base_url=ORIGIN, follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient, settings: Settings) -> TestClient:
    """A browser that followed a link."""
    answer = stranger.get(link(settings, ORIGIN))
    assert answer.status_code == 200
    return stranger


class Served:
    """``lensctl dashboard`` as a process. ``link`` is what it printed; ``url`` where it is."""

    def __init__(self, environment: Mapping[str, str], cwd: Path, port: int = 0) -> None:
        command = [sys.executable, "-P", "-m", "claude_lens", "dashboard", "--no-open", "--port", str(port)]
        self.environment, self.cwd = environment, cwd
        self.child = Child(command, environment, cwd)
        lines: list[bytes] = []
        assert self.child.popen.stdout is not None
        reading = threading.Thread(
            target=lambda out: lines.append(out.readline()), args=[self.child.popen.stdout]
        )
        reading.start()
        reading.join(20)
        self.link = (lines or [b""])[0].decode().strip()
        found = re.match(r"(http://127\.0\.0\.1:(\d+))/open\?token=\S+$", self.link)
        assert found, f"no link on standard output: {self.link!r}"
        self.url, self.port = found[1], int(found[2])

    def close(self) -> None:
        """End it."""
        self.child.close(5)


Serve = Callable[..., Served]


def text_of(answer: Any) -> str:
    """A page's words, tags left out, white space made single."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
