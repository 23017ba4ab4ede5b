from __future__ import annotations

import dataclasses
import json
import stat
import sys

import pytest

from claude_lens.exchange import Request
from claude_lens.store.sink import open_sink
from tests.commands.conftest import SESSION, exchange
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


def test_half_a_session_is_not_left_for_a_whole_one(lens: Lens) -> None:
    lens.home.mkdir(mode=0o700)
    sink = open_sink(lens.settings)
    body = {"model": "m", "messages": [{"role": "user", "content": "long " * 100_000}]}
    sink.ended(dataclasses.replace(exchange(1), request=Request(body=json.dumps(body).encode(), json=body)))
    sink.close()
    file = lens.folder / "half.jsonl"
    # What measures coverage would want to write on the full disk, too.
    limited = f"""unset COVERAGE_PROCESS_CONFIG COVERAGE_PROCESS_START; ulimit -f 400
exec "{sys.executable}" -P -m claude_lens export last -o '{file}'"""
    done = lens.run("sh", "-c", limited)
    assert (done.returncode, done.stderr) == (1, f"lensctl: {file} cannot be written: File too large\n")
    assert not file.exists()
