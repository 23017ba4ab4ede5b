from __future__ import annotations

import dataclasses
import json
import stat
import sys

import pytest

from claude_lens.commands import export
from claude_lens.exchange import Request
from claude_lens.store.sink import open_sink
from tests.commands.conftest import SESSION, exchange
from tests.commands.filled import fill
from tests.harness.lens import Lens


@pytest.mark.parametrize(
    ("kind", "begins"),
    [
        ("jsonl", '{"claude-lens":2'),
        ("har", '{"log":{"version":"1.2"'),
        ("md", "# prompt of 1"),
        ("html", "<!doctype html>"),
    ],
)
def test_every_format(recorded: Lens, kind: str, begins: str) -> None:
    shown = recorded.lensctl("export", SESSION[:5], "--format", kind).stdout
    assert shown.startswith(begins)
    assert "answer 5" in shown


def test_nothing_shown_commands_the_terminal(lens: Lens) -> None:
    sink = open_sink(lens.settings)
    dirty = exchange(1)
    assert isinstance(dirty.request.json, dict)
    dirty.request.json["messages"][0]["content"] = "a\x1b[31mb\x1b]0;title\x07c\x9bd\x7fe"
    sink.ended(dirty)
    sink.close()
    for kind in ("md", "html"):
        shown = lens.lensctl("export", "--format", kind).stdout
        assert kind == "html" or "\u241b[31mb\u241b]0;title\u2407" in shown
        assert not [char for char in shown if not char.isprintable() and char not in "\n\t"]
    kept = lens.lensctl("export", "--format", "jsonl").stdout
    assert "a\\u001b[31mb" in kept


def test_controls_that_json_leaves_are_written_out_for_a_terminal() -> None:
    text = json.dumps("a\x7fb\x9bc\u2421d\u00e9", ensure_ascii=False).encode()
    shown = export._CONTROL.sub(export._escaped, text)
    assert b"\x7f" not in shown
    assert "\x9b" not in shown.decode()
    assert json.loads(shown) == json.loads(text)


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


def test_a_table_of_everything(lens: Lens) -> None:
    fill(lens)
    file = lens.cwd / "all of it.parquet"
    done = lens.lensctl("export", "all", "--format", "parquet", "-o", str(file), check=True)
    assert "every session" in done.stderr
    assert file.read_bytes()[:4] == b"PAR1" == file.read_bytes()[-4:]
    refused = lens.lensctl("export", "--format", "parquet", "--turns", "1", "-o", str(file))
    assert refused.returncode == 2
