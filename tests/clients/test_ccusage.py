"""Tokens and costs of transcripts as ccusage counts them, beside those of an import."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks.transcript import Writer
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import TOKENS, exchanges
from tests.harness.processes import ROOT
from tests.store.transfer.test_appending import append, talk
from tests.store.transfer.test_transcripts import USAGE, answer, line, write_session

CCUSAGE = ROOT / ".cache" / "ccusage" / "node_modules" / ".bin" / "ccusage"
NAMES = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
SYNTHETIC = tuple(USAGE[name] for name in TOKENS[:4])

pytestmark = pytest.mark.clients


def generated(folder: Path) -> None:
    """Parallel calls, subagents in files of their own, queued prompts, images."""
    Writer(folder / "project").write(60)


def forked(folder: Path) -> None:
    """History that stands in two files."""
    (folder / "project").mkdir(parents=True)
    talk(folder / "project" / "first.jsonl", 0, 3)
    talk(folder / "project" / "fork.jsonl", 0, 3, "fork")
    talk(folder / "project" / "fork.jsonl", 3, 4, "fork")


def small(folder: Path) -> None:
    """Answers in several lines, a subagent, an error of the client's own."""
    write_session(folder / "project")


def before_2_0(folder: Path) -> None:
    """A subagent among the main agent's lines, and a model that was retired."""
    (folder / "project").mkdir(parents=True)
    retired = {"model": "claude-sonnet-4-20250514"}
    lines = [
        line("u1", None, 1, {"role": "user", "content": "How many?"}),
        line("a1", "u1", 2, answer("msg_1", {"type": "text", "text": "wait"}, **retired), requestId="r1"),
        line("s1", None, 3, {"role": "user", "content": "count"}, isSidechain=True),
        line("s2", "s1", 4, answer("msg_2", {"type": "text", "text": "3"}), requestId="r2", isSidechain=True),
    ]
    (folder / "project" / "old.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("make", [generated, forked, small, before_2_0])
def test_both_count_the_same(make: Callable[[Path], None], tmp_path: Path) -> None:
    if not CCUSAGE.exists():
        pytest.skip("ccusage is not installed: run `make clients`")
    folder = tmp_path / "claude" / "projects"
    make(folder)
    url = f"sqlite:///{tmp_path}/lens.db"
    for file in sorted(folder.rglob("*.jsonl")):
        file.write_text(file.read_text().replace("not json\n", ""))
    append(url, sorted(folder.rglob("*.jsonl")))
    environment = {**os.environ, "CLAUDE_CONFIG_DIR": str(folder.parent), "HOME": str(tmp_path)}
    done = subprocess.run(
        [CCUSAGE, "daily", "--json", "--offline"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    theirs = json.loads(done.stdout)["totals"]
    with Reader(url) as reader, reader.connect() as connection:
        columns = [exchanges.c[name] for name in (*TOKENS[:4], "cost_usd")]
        ours = connection.execute(select(*(func.sum(column) for column in columns))).one()
    # The client's own errors, answers of no model, have tokens for ccusage; real ones have none.
    errors = SYNTHETIC if make is small else (0, 0, 0, 0)
    counted = [theirs[name] - more for name, more in zip(NAMES, errors, strict=True)]
    assert (list(ours[:4]), round(ours[4], 9)) == (counted, round(theirs["totalCost"], 9))
