"""A proxy under load, and the sums that have to hold at every look."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import create_engine, text

from claude_lens.spool.ledger import Ledger, look
from tests.harness.postgres import Postgres
from tests.harness.proxy import KEY, Proxy
from tests.upstream import Provider

SECONDS: Final = float(os.environ.get("CLAUDE_LENS_FAULTS_SECONDS", "600"))
long_form = pytest.mark.skipif(not os.environ.get("CLAUDE_LENS_FAULTS"), reason="a long form: make faults")

_LOCK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30);"
    "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
)


class Site:
    """One home, its proxy, and its database. ``sent`` counts the requests that were answered."""

    def __init__(self, home: Path, upstream: Provider, database: str | None, **settings: str) -> None:
        given = {**settings, "CLAUDE_LENS_STRICT": "0"}
        if database:
            given["CLAUDE_LENS_DATABASE_URL"] = database
        self.proxy = Proxy(home, upstream.url, None, **given)
        self.home, self.url = home, database
        self.sent = 0
        self._number = itertools.count()
        self._lock = threading.Lock()

    def send(self, count: int, size: int = 20_000) -> None:
        """Requests one after the other; each has to be answered whole."""
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        with httpx.Client(headers=headers, timeout=60) as client:
            for _ in range(count):
                answer = client.post(self.proxy.url + "/v1/messages", json=self.body(size))
                assert answer.status_code == 200, answer.text
                assert "hello" in answer.text
                with self._lock:
                    self.sent += 1
                self.look()

    def body(self, size: int) -> dict[str, object]:
        """A request with new text in it."""
        said = f"{next(self._number)} " + uuid.uuid4().hex * (size // 32)
        return {
            "model": "claude-sonnet-4-5",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": said}],
        }

    def look(self) -> Ledger:
        """The sum as it is; it has to hold, and nothing may be negative."""
        now = look(self.home)
        assert now.passed == now.stored + now.waiting + now.lost
        assert min(now.stored, now.waiting, now.lost) >= 0
        return now

    def rows(self) -> int:
        """Exchanges in the database that have ended."""
        query = "SELECT count(*) FROM exchanges WHERE status <> 'running'"
        if self.url is None:
            with contextlib.closing(
                sqlite3.connect(f"file:{self.home}/lens.db?mode=ro", uri=True)
            ) as connection:
                return int(connection.execute(query).fetchone()[0])
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        try:
            with engine.connect() as connection:
                return int(connection.execute(text(query)).scalar_one())
        finally:
            engine.dispose()

    def settled(self, seconds: float = 120.0) -> Ledger:
        """The sum once nothing waits any more."""
        deadline = time.monotonic() + seconds
        while (now := self.look()).waiting:
            assert time.monotonic() < deadline, now
            time.sleep(0.2)
        return now

    def nothing_is_lost(self) -> None:
        """Every request that was answered is a row, once the store is back."""
        now = self.settled()
        assert (now.passed, now.stored, now.lost) == (self.sent, self.sent, 0)
        assert self.rows() == self.sent

    def recorder(self) -> int:
        """The recorder's process, once there is one."""
        deadline = time.monotonic() + 60
        while not (pid := self.proxy.status()["recording"]["recorder_pid"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return int(pid)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Another program holds the SQLite file."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOCK, str(home / "lens.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield


@pytest.fixture
def new_site(tmp_path: Path, upstream: Provider) -> Iterator[Callable[..., Site]]:
    """Starts a proxy in a home of its own; the database is SQLite's in it unless one is given."""
    made: list[Site] = []

    def start(database: str | None = None, **settings: str) -> Site:
        site = Site(tmp_path / f"home {len(made)}", upstream, database, **settings)
        made.append(site)
        site.proxy.start(early=True)
        return site

    yield start
    for site in made:
        site.proxy.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The address of a database of each kind, None for SQLite in the home."""
    if request.param == "sqlite":
        return None
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()
