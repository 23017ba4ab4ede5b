"""The documentation keeps its word: its commands are the program's, those not marked otherwise are run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from claude_lens.cli import lensctl
from tests.harness.lens import Lens
from tests.harness.processes import ROOT, child_environment

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?```sh\n(?P<text>.*?)```", re.DOTALL)
_ASSIGNED = re.compile(r"[A-Z_]+=\S*")


@dataclass(frozen=True)
class Block:
    """Lines for a shell; ``reason`` says why no test runs them."""

    page: Path
    lines: tuple[str, ...]
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.lines[0]}"


def blocks() -> Iterator[Block]:
    for page in PAGES:
        for found in _BLOCK.finditer(page.read_text()):
            lines = tuple(line for line in found["text"].splitlines() if line.strip())
            yield Block(page, lines, found["reason"])


BLOCKS = list(blocks())


def calls(line: str) -> Iterator[list[str]]:
    """The words of each ``lensctl`` in a line, its own name left out."""
    for part in [*re.findall(r"\$\((.*?)\)", line), re.sub(r"\$\(.*?\)", "x", line)]:
        words = shlex.split(part, comments=True)
        while words and _ASSIGNED.fullmatch(words[0]):
            words.pop(0)
        if "lensctl" in words and words[0] in ("lensctl", "docker-compose"):
            words = words[words.index("lensctl") + 1 :]
            yield words[: next((n for n, word in enumerate(words) if word in (">", ">>", "|")), len(words))]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_command_is_one_of_the_programs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that no test runs: a name or an option that is gone fails here."""
    monkeypatch.chdir(tmp_path)
    for line in block.lines:
        for words in calls(line):
            context = click.Context(lensctl, info_name="lensctl")
            command: click.Command = lensctl
            # A group may have options of its own.
            while isinstance(command, click.Group) and words and not words[0].startswith("-"):
                _, below, words = command.resolve_command(context, words)
                assert below is not None
                command = below
            if words or not isinstance(command, click.Group):
                for word in words:
                    # A file that an earlier line of the block writes.
                    if word.startswith("session."):
                        Path(word).touch()
                command.make_context("lensctl", list(words), parent=context).close()


def test_the_tutorial_works_as_it_is_written(lens: Lens) -> None:
    """What is not marked runs line by line, after the demo whose folder the tutorial names."""
    demo = lens.lensctl("demo", "--keep", "--no-claude", check=True)
    home = re.search(r"CLAUDE_LENS_HOME=(\S+)", demo.stderr)
    assert home is not None, demo.stderr
    lens.environment["CLAUDE_LENS_HOME"] = home[1]
    try:
        for block in BLOCKS:
            for line in block.lines if block.reason is None else ():
                if line == "lensctl demo --keep":
                    continue
                done = lens.run("bash", "-c", line)
                assert done.returncode == 0, f"{block}\n{line}\n{done.stdout}{done.stderr}"
                assert (done.stdout + done.stderr).strip(), f"{block}: {line} says nothing"
    finally:
        subprocess.run(["rm", "-rf", str(Path(home[1]).parent)], check=True)


def test_the_site_is_whole_and_loads_nothing_from_outside(tmp_path: Path) -> None:
    """Built as ``make docs`` does, where a broken link is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    given = child_environment(NO_MKDOCS_2_WARNING="1")
    built = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        loaded = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=\"?([^\s\">]+)", page.read_text()
        )
        assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == [], page


def test_some_blocks_are_run() -> None:
    assert sum(block.reason is None for block in BLOCKS) >= 6
