"""What the launcher notes of git: the branch and the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from claude_lens import launcher
from tests.test_launcher import HEADERS, place


def test_git_branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str, cwd: Path = tmp_path) -> None:
        subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e", *words],
            cwd=cwd,
            check=True,
            capture_output=True,
        )

    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    git("init", "-b", "feat/ünï one".replace(" ", "-"))
    assert launcher.git_branch(str(below)) == "feat/ünï-one".encode()
    git("commit", "--allow-empty", "-m", "x")
    git("worktree", "add", "-b", "other", str(tmp_path / "tree"))
    assert launcher.git_branch(str(tmp_path / "tree")) == b"other"
    git("checkout", "--detach", cwd=tmp_path / "tree")
    assert launcher.git_branch(str(tmp_path / "tree")) == b""
    assert launcher.git_branch("/") == b""
    monkeypatch.chdir(below)
    changes = launcher.claude_environment({}, place(tmp_path), "k", True)
    assert "x-claude-lens-branch: feat/%C3%BCn%C3%AF-one" in str(changes[HEADERS])


def test_git_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> bytes:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e", *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout.strip()

    assert launcher.git_commit(str(tmp_path)) == b""
    git("init")
    assert launcher.git_commit(str(tmp_path)) == b"", "nothing is committed yet"
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "x")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "new").write_text("not git's")
    assert launcher.git_commit(str(tmp_path)) == commit
    (tmp_path / "file").write_text("two")
    assert launcher.git_commit(str(tmp_path)) == commit + b"-dirty"
    monkeypatch.chdir(tmp_path)
    changes = launcher.claude_environment({}, place(tmp_path), "k", True)
    assert f"x-claude-lens-commit: {commit.decode()}-dirty" in str(changes[HEADERS])
    monkeypatch.setenv("PATH", "/nowhere")
    assert launcher.git_commit(str(tmp_path)) == b"", "no git"
