from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.played_again import CHANGED, Played, claude, project, recorded_in, replay
from tests.harness.client import executable
from tests.harness.lens import Lens
from tests.harness.processes import free_port
from tests.upstream import Provider


@dataclass(frozen=True)
class Stage:
    """A session that was recorded, in its project."""

    user: Lens
    provider: Provider
    project: Path
    session: str


@pytest.fixture(scope="module")
def stage(served: Lens, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """One short session of the newest client, for all tests here."""
    folder = project(tmp_path_factory.mktemp("played"))
    provider.play(Played(folder, agents=False).script)
    told = claude(served, folder, "MAIN go")
    recorded_in(served, told["session_id"], 5)
    return Stage(served, provider, folder, told["session_id"])


@pytest.mark.slow
def test_nothing_diverges_and_nobody_is_asked(stage: Stage) -> None:
    before = len(stage.provider.requests)
    sessions = stage.user.lensctl("sessions", "--json").stdout
    done = stage.user.lensctl(
        "replay",
        stage.session,
        "--speed",
        "max",
        CLAUDE_LENS_URL=f"http://127.0.0.1:{free_port()}",
        CLAUDE_LENS_CLAUDE=str(executable()),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("5 matched, 0 diverged, 0 unused")
    assert "not compared: Edit (1), Write (1)" in done.stderr
    assert len(stage.provider.requests) == before
    assert stage.user.lensctl("sessions", "--json").stdout == sessions, "a replay is no spending"
    assert {name: (stage.project / name).read_text() for name in CHANGED} == CHANGED


@pytest.mark.slow
def test_real_tools_work_in_a_tree_of_their_own(stage: Stage) -> None:
    (stage.project / "a.txt").write_text("dirty\n")
    try:
        told = replay(stage.user, stage.session, "--tools", "real")
        assert (stage.project / "a.txt").read_text() == "dirty\n"
    finally:
        (stage.project / "a.txt").write_text(CHANGED["a.txt"])
    assert (told["matched"], told["diverged"], told["unused"]) == (5, [], 0)
    assert not told["problems"], "the commit was noted"


@pytest.mark.slow
def test_a_planted_change_is_named(stage: Stage) -> None:
    memory = stage.project / "CLAUDE.md"
    memory.write_text("Be long.\n")
    try:
        told = replay(stage.user, stage.session, code=1)
    finally:
        memory.write_text("Be brief.\n")
    (diverged,) = told["diverged"]
    assert (diverged["agent"], diverged["turn"]) == (None, 1)
    assert diverged["part"].endswith("(CLAUDE.md)")
    assert diverged["difference"] == "- Be brief.\n+ Be long."
    assert told["following"] == 4


@pytest.mark.slow
def test_what_cannot_be_replayed(served: Lens) -> None:
    assert served.lensctl("replay", "nosuch").returncode == 2
    assert "no session" in served.lensctl("replay", "nosuch").stderr
    here = served.lensctl("replay", "last", "--here")
    assert (here.returncode, "--tools real" in here.stderr) == (2, True)
    program = served.lensctl("replay", "last", "--claude", "/nowhere/claude")
    assert program.returncode == 2
