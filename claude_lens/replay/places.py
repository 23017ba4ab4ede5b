"""Where a replay's client runs: in the project, in a worktree of the recorded commit, or in a copy."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from claude_lens.errors import HostError, UserError

DIRTY: Final = "-dirty"
_COPY_LIMIT: Final = 2_000_000_000
_TIMEOUT: Final = 600


@dataclass(frozen=True, slots=True)
class Place:
    """``folder``: where the client runs. ``remarks``: what the user should know of it, in words."""

    folder: Path
    remarks: tuple[str, ...] = ()


@contextlib.contextmanager
def scratch(project: Path, commit: str | None, inside: Path, name: str = "tree") -> Iterator[Place]:
    """A place of its own with the project as it was recorded, gone afterwards.

    ``commit`` may end in ``-dirty``. The project's own files and index are not touched; without git the
    project is copied as it is now. Raises :class:`UserError`, :class:`HostError`.
    """
    top = git_top(project)
    if top is None:
        if not project.is_dir():
            raise UserError(
                f"{project} is not there any more, and the session's files cannot be had without it"
            )
        yield _copied(project, inside / name)
        return
    remarks = []
    wanted = (commit or "HEAD").removesuffix(DIRTY)
    if commit is None:
        remarks.append("the commit of this session was not noted: the worktree is of the one checked out now")
    elif commit.endswith(DIRTY):
        remarks.append(
            f"files differed from commit {wanted[:12]} when it was recorded; the worktree is of the commit"
        )
    tree = inside / name
    _git(top, "worktree", "add", "--detach", "--quiet", str(tree), wanted)
    try:
        yield Place(tree / project.resolve().relative_to(top), tuple(remarks))
    finally:
        removed = subprocess.run(
            ["git", "-C", str(top), "worktree", "remove", "--force", str(tree)],
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if removed.returncode:
            shutil.rmtree(tree, ignore_errors=True)
            subprocess.run(["git", "-C", str(top), "worktree", "prune"], capture_output=True, check=False)


def git_top(folder: Path) -> Path | None:
    """The top of the git checkout that ``folder`` is in; None where there is none, or no git."""
    if not folder.is_dir():
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--show-toplevel"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        return None
    return Path(found.stdout.strip()).resolve() if found.returncode == 0 else None


def changed_files(folder: Path) -> list[str]:
    """Files of a worktree that differ from its commit, new ones among them; none without git."""
    if git_top(folder) is None:
        return []
    told = subprocess.run(
        ["git", "-C", str(folder), "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return sorted(entry[3:] for entry in told.stdout.split("\0") if len(entry) > 3)


def _copied(project: Path, target: Path) -> Place:
    size = 0
    for path in project.rglob("*"):
        if path.is_file() and not path.is_symlink():
            size += path.stat().st_size
            if size > _COPY_LIMIT:
                raise UserError(
                    f"{project} is no git checkout and too large to copy: use --here to run in it"
                )
    shutil.copytree(project, target, symlinks=True)
    return Place(target, (f"{project} is no git checkout: the tools work in a copy of it as it is now",))


def _git(top: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["git", "-C", str(top), *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise HostError(f"git {arguments[0]} {arguments[1]} failed in {top}: {said}")
