from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.commands.conftest import OTHER, SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens


def sessions(user: Lens) -> set[str]:
    return {one["id"] for one in json.loads(user.lensctl("sessions", "--json").stdout)}


def test_a_session_goes(lens: Lens) -> None:
    fill(lens)
    dry = json.loads(lens.lensctl("prune", "--session", "1111", "--dry-run", "--json").stdout)
    assert (dry["exchanges"], dry["sessions"]) == (3, 1)
    assert sessions(lens) == {SESSION, OTHER}
    assert lens.lensctl("prune", "--session", "1111").stdout.startswith(
        "3 exchanges and 1 whole sessions gone"
    )
    assert sessions(lens) == {OTHER}


def test_settings_decide_without_options(lens: Lens) -> None:
    fill(lens)
    refused = lens.lensctl("prune")
    assert refused.returncode == 2
    assert "--older-than" in refused.stderr
    lens.environment["CLAUDE_LENS_KEEP_DAYS"] = "30"
    assert lens.lensctl("prune").stdout.startswith("4 exchanges")
    assert sessions(lens) == set()


def test_mistakes(lens: Lens) -> None:
    assert lens.lensctl("prune", "--max-size", "large").returncode == 2
    assert lens.lensctl("prune", "--older-than", "soon").returncode == 2
    assert lens.lensctl("prune", "--session", "zzz").returncode == 2


def test_a_full_disk_is_told_with_what_to_do(lens: Lens) -> None:
    fill(lens)
    code = """
import os
from click.testing import CliRunner
from claude_lens.cli import main
limit = os.stat(sys.argv[1]).st_size // 2
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
from claude_lens.commands.prune import command
found = CliRunner().invoke(command, ["--session", "1111"])
print(found.exception)
"""
    file = lens.folder / "home" / "lens.db"
    file = file if file.exists() else next(lens.folder.rglob("lens.db"))
    env = {**os.environ, "CLAUDE_LENS_HOME": str(file.parent)}
    full = f"import resource, sys\nhard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", full, str(file)], capture_output=True, text=True, check=False, env=env
    )
    assert "free 64.0 MB on that disk" in done.stdout, done
    assert "run lensctl prune again" in done.stdout
    assert lens.lensctl("prune", "--older-than", "1d").returncode == 0
