import json
import shlex
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.harness import ROOT
from tests.harness.lens import Lens


@pytest.mark.slow
def test_with_the_real_client(lens: Lens) -> None:
    done = lens.lensctl("demo", "--json", PATH=f"{ROOT}/node_modules/.bin:{lens.environment['PATH']}")
    assert done.returncode == 0, done.stderr
    assert "running" in done.stderr
    check(json.loads(done.stdout), lens)


@pytest.mark.slow
def test_without_a_client(lens: Lens) -> None:
    lens.environment |= {"ANTHROPIC_API_KEY": "sk-ant-users-own"}
    done = lens.lensctl("demo", "--no-claude", "--keep", CLAUDE_LENS_DATABASE_URL="sqlite:////nowhere/x.db")
    assert done.returncode == 0, done.stderr
    assert "general-purpose" in done.stdout
    assert "$0." in done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("demo: now yours: ")
    ours = last.removeprefix("demo: now yours: ").split(" in place of claude, then ")
    assert [Path(shlex.split(one)[0]).name for one in ours] == ["claude-lens", "lensctl"]
    assert all(shutil.which(shlex.split(one)[0], path=lens.environment["PATH"]) for one in ours)
    home = Path(done.stderr.split("CLAUDE_LENS_HOME=")[1].split(" lensctl")[0])
    shown = json.loads(lens.lensctl("show", "--json", CLAUDE_LENS_HOME=str(home)).stdout)
    check(shown, lens)
    assert not any(b"users-own" in file.read_bytes() for file in home.rglob("*") if file.is_file())


def check(shown: dict[str, list[dict[str, object]]], user: Lens) -> None:
    main, helper = [None, "general-purpose"], []
    helper = [agent["type"] for agent in shown["agents"]]
    assert helper == main
    assert len(shown["exchanges"]) >= 5
    assert {one["status"] for one in shown["exchanges"]} == {"ok"}
    assert all(one["cost_usd"] for one in shown["exchanges"])
    assert not user.home.exists()
    assert not (user.folder / ".claude").exists()
    assert not (user.folder / ".claude-lens").exists()


@pytest.mark.slow
def test_interrupted_leaves_nothing(lens: Lens, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "demo", "--no-claude", TMPDIR=str(scratch))
    deadline = time.monotonic() + 60
    while not list(scratch.glob("*/lens/proxy.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    family = psutil.Process(child.pid).children(recursive=True)
    assert family
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert [process for process in family if process.is_running()] == []
    assert list(scratch.iterdir()) == []
