from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from claude_lens.errors import HostError, UserError
from claude_lens.replay.places import changed_files, scratch


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with a folder in it, two commits, and a change that is not committed."""
    found = tmp_path / "a project"
    (found / "below").mkdir(parents=True)
    git(found, "init", "-q")
    for words in ("one", "two"):
        (found / "below" / "file").write_text(words)
        git(found, "add", "-A")
        git(found, "commit", "-qm", words)
    (found / "below" / "file").write_text("dirty")
    return found


def test_a_worktree_of_the_recorded_commit(project: Path, tmp_path: Path) -> None:
    first = git(project, "rev-parse", "HEAD~1")
    before = git(project, "status", "--porcelain", "--branch")
    with scratch(project / "below", f"{first}-dirty", tmp_path, "tree") as place:
        assert place.folder == tmp_path / "tree" / "below"
        assert (place.folder / "file").read_text() == "one"
        assert "files differed" in place.remarks[0]
        (place.folder / "new").write_text("x")
        (place.folder / "file").write_text("changed")
        assert changed_files(place.folder) == ["below/file", "below/new"]
    assert not (tmp_path / "tree").exists()
    assert (project / "below" / "file").read_text() == "dirty"
    assert git(project, "status", "--porcelain", "--branch") == before
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_it_is_removed_whatever_happens(project: Path, tmp_path: Path) -> None:
    def interrupted() -> None:
        with scratch(project, None, tmp_path) as place:
            assert "was not noted" in place.remarks[0]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_without_git_a_copy(tmp_path: Path) -> None:
    project = tmp_path / "plain"
    project.mkdir()
    (project / "file").write_text("x")
    with scratch(project, None, tmp_path) as place:
        (place.folder / "file").write_text("y")
        assert "copy" in place.remarks[0]
        assert changed_files(place.folder) == []
    assert (project / "file").read_text() == "x"


def test_what_is_not_there(project: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there any more"), scratch(tmp_path / "gone", None, tmp_path):
        pass
    with pytest.raises(HostError, match="git worktree add failed"), scratch(project, "f" * 40, tmp_path):
        pass
