"""Several recorders and everything that looks after a database, at once, and killed now and then."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from tests.harness.postgres import Postgres
from tests.harness.processes import ROOT, Child, child_environment
from tests.store import busy
from tests.store.conftest import ask, change
from tests.store.migrations.versions.conftest import Older, older, recorded

__all__ = ["older", "recorded"]

SEEDS = (1, 2, 3)
EACH = 10
KILLS = 12
OTHERS = ("prune", "reprice", "scrub", "verify", "export", "read", "backup", "tag")
MOST_SECONDS = 180


class Program:
    """One program (``busy``) whose lines are taken as they come, started anew whenever it is killed."""

    def __init__(self, role: str, url: str, folder: Path, seed: int = 0) -> None:
        self.role, self.seed = role, seed
        self.kept: list[str] = []
        self.wrong: list[str] = []
        self.starts: list[int] = []
        self.turns = 0
        self._line = [sys.executable, "-m", "tests.store.busy", role, url, folder]
        self.start()

    def start(self) -> None:
        """Begin, or go on after what is known to be on disk."""
        self.starts.append(len(self.kept))
        numbers = [self.seed, EACH, len(self.kept)] if self.seed else []
        line = [str(part) for part in (*self._line, *numbers)]
        self.child = Child(line, child_environment(), ROOT)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.child.popen.stdout is not None
        for raw in self.child.popen.stdout:
            line = raw.decode().strip()
            if line.startswith("+ "):
                self.kept.append(line[2:])
            elif line.startswith("!"):
                self.wrong.append(f"{self.role} {line}")
            self.turns += line.endswith(" done")

    @property
    def runs(self) -> bool:
        return self.child.popen.poll() is None

    def kill(self) -> None:
        """At once (SIGKILL), wherever it is; then start it anew."""
        self.child.popen.kill()
        self.wait()
        self.start()

    def wait(self) -> None:
        """Until its end; what it said of a fault is noted."""
        try:
            code = self.child.popen.wait(MOST_SECONDS)
        finally:
            self._thread.join()
            assert self.child.popen.stderr is not None
            told = self.child.popen.stderr.read().decode()
            self.child.close()
        if code not in (0, -9) or (code == 0 and told):
            self.wrong.append(f"{self.role} ended with {code}: {told[-2000:]}")


def run(url: str, folder: Path, others: tuple[str, ...]) -> tuple[list[Program], list[Program]]:
    """All at once, with kills at places that come about, until every exchange is on disk."""
    folder.mkdir(exist_ok=True)
    chance = random.Random(5)
    recorders = [Program("record", url, folder, seed) for seed in SEEDS]
    keepers = [Program(role, url, folder) for role in others]
    everyone = recorders + keepers
    try:
        for _ in range(KILLS):
            chosen = chance.choice(everyone)
            # What has just begun is in the middle of nothing yet.
            before = chosen.turns + len(chosen.kept)
            waited = threading.Event()
            for _ in range(100):
                if not chosen.runs or chosen.turns + len(chosen.kept) > before:
                    break
                waited.wait(chance.uniform(0.02, 0.05))
            if chosen.runs:
                chosen.kill()
        for one in recorders:
            one.wait()
    finally:
        (folder / "stop").touch()
        for one in keepers:
            one.wait()
        for one in everyone:
            one.child.close()
    return recorders, keepers


def check(url: str, recorders: list[Program], keepers: list[Program]) -> None:
    """Everything that was said to be on disk is there, once, and all of it is sound."""
    assert [problem for one in (*recorders, *keepers) for problem in one.wrong] == []
    assert [len(one.kept) for one in recorders] == [EACH] * len(SEEDS)
    ended = [ended for seed in SEEDS for _, ended in busy.exchanges(seed, EACH)]
    old = {one.id for one in ended if one.started_at < busy.LONG_AGO + 10**6}
    there = dict(ask(url, "SELECT exchange_id, status FROM exchanges WHERE worker <> 'elsewhere:1:1'"))
    assert {one.id for one in ended} - old <= there.keys() <= {one.id for one in ended}
    assert set(there.values()) == {"ok"}
    with Reader(url) as reader:
        report = verify(reader)
        assert report.sound, report.damage
    twice = "SELECT parent_id, content_id FROM nodes GROUP BY parent_id, content_id HAVING count(*) > 1"
    assert ask(url, twice) == []
    # One that was forgotten before its recorder could say that it had written it was counted twice.
    names = [[one.id for _, one in busy.exchanges(seed, EACH)] for seed in SEEDS]
    again = sum(
        name[start] in old
        for one, name in zip(recorders, names, strict=True)
        for start in one.starts[1:]
        if start < EACH
    )
    (counted,) = ask(url, "SELECT CAST(sum(requests) AS INTEGER) FROM totals")[0]
    others = len(ask(url, "SELECT 1 FROM exchanges WHERE worker = 'elsewhere:1:1' AND status <> 'running'"))
    assert len(ended) <= counted - others <= len(ended) + again


@pytest.mark.sqlite
def test_a_new_file(url: str, tmp_path: Path) -> None:
    check(url, *run(url, tmp_path / "work", OTHERS))
    change(url, "INSERT INTO search(search) VALUES ('integrity-check')")
    assert ask(url, "PRAGMA integrity_check") == [("ok",)]
    assert ask(url, "PRAGMA foreign_key_check") == []
    left = {path.name for path in (tmp_path / "work").iterdir()}
    assert not [name for name in left if ".part-" in name]


@pytest.mark.sqlite
def test_a_file_of_the_first_version(older: Callable[[str], Older], recorded: Path, tmp_path: Path) -> None:
    """All find it at once, and each would migrate it."""
    one = older("0001")
    one.fill(recorded)
    check(one.url, *run(one.url, tmp_path / "work", OTHERS))
    assert ask(one.url, "PRAGMA integrity_check") == [("ok",)]
    assert ask(one.url, "PRAGMA foreign_key_check") == []


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[str]:
    """The address of a database with nothing in it."""
    url = postgres.empty()
    yield url
    postgres.drop(url)


def test_an_empty_database_of_a_server(bare: str, tmp_path: Path) -> None:
    check(bare, *run(bare, tmp_path / "work", tuple(role for role in OTHERS if role != "backup")))
