from __future__ import annotations

import json
from pathlib import Path

from tests.commands.conftest import SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.store.transfer.test_transcripts import write_session


def test_an_export_comes_back(recorded: Lens, lens: Lens) -> None:
    file = lens.folder / "session.jsonl"
    recorded.lensctl("export", SESSION, "-o", str(file))
    assert lens.lensctl("import", str(file)).stdout == "5 exchanges added; 0 were there already\n"
    assert lens.lensctl("import", str(file)).stdout == "0 exchanges added; 5 were there already\n"
    assert (
        lens.lensctl("show", SESSION, "--json").stdout == recorded.lensctl("show", SESSION, "--json").stdout
    )


def test_claude_codes_own_history(lens: Lens) -> None:
    fill(lens)
    write_session(Path(lens.environment["HOME"]) / ".claude" / "projects" / "x")
    done = json.loads(lens.lensctl("import", "--claude-transcripts", "--json").stdout)
    assert done == {"read": 3, "new": 3}
    again = json.loads(lens.lensctl("import", "--claude-transcripts", "--json").stdout)
    assert again == {"read": 0, "new": 0}


def test_mistakes(lens: Lens) -> None:
    assert lens.lensctl("import").returncode == 2
    wrong = lens.folder / "wrong.jsonl"
    wrong.write_text("{}\n")
    done = lens.lensctl("import", str(wrong))
    assert done.returncode == 2
    assert "wrong.jsonl:1" in done.stderr
