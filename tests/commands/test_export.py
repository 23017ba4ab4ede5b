from __future__ import annotations

import json
import stat

import pytest

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


@pytest.mark.parametrize(
    ("kind", "begins"),
    [("jsonl", '{"claude-lens":1'), ("har", "{\n"), ("md", "# prompt of 1"), ("html", "<!doctype html>")],
)
def test_every_format(recorded: Lens, kind: str, begins: str) -> None:
    shown = recorded.lensctl("export", SESSION[:5], "--format", kind).stdout
    assert shown.startswith(begins)
    assert "answer 5" in shown


def test_into_a_file(recorded: Lens) -> None:
    file = recorded.folder / "out.har"
    done = recorded.lensctl("export", SESSION, "--format", "har", "-o", str(file))
    assert done.stdout == ""
    assert len(json.loads(file.read_text())["log"]["entries"]) == 5
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert recorded.lensctl("export", SESSION, "-o", "/nowhere/at/all").returncode == 2
