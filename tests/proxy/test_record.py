import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from claude_lens.errors import HostError
from claude_lens.proxy import record
from claude_lens.proxy.mark import start_mark
from claude_lens.settings import Settings, load
from tests.harness.processes import on_a_full_disk


def settings(home: Path) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home)})


def test_written_is_read(tmp_path: Path) -> None:
    assert record.read(settings(tmp_path)) == {}
    record.write(settings(tmp_path), {"pid": 1, "config": "/ü"})
    assert record.read(settings(tmp_path)) == {"pid": 1, "config": "/ü"}
    assert [file.name for file in tmp_path.iterdir()] == ["proxy.json"]
    for damage in (b"", b"[]", b"\xff"):
        (tmp_path / "proxy.json").write_bytes(damage)
        assert record.read(settings(tmp_path)) == {}


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    record.write(settings(tmp_path), {"pid": 1})
    code = """
from claude_lens.errors import HostError
from claude_lens.proxy import record
from claude_lens.proxy.mark import start_mark
from claude_lens.settings import load
try:
    record.write(load({"CLAUDE_LENS_HOME": sys.argv[1]}), {"pid": 2, "config": "long enough"})
except HostError as error:
    print(error)
"""
    assert on_a_full_disk(code, tmp_path) == f"cannot write {tmp_path / 'proxy.json'}: File too large"
    assert record.read(settings(tmp_path)) == {"pid": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["proxy.json"]
    with pytest.raises(HostError, match="cannot write"):
        record.write(settings(tmp_path / "nowhere"), {})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells when a process began")
def test_a_clock_that_is_set_changes_nothing() -> None:
    command = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)", record.MODULE]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            began = psutil.Process(child.pid).create_time()
            mark = start_mark(child.pid)
            shifted = {"pid": child.pid, "started_at": began - 3600, "start_mark": mark}
            assert record.process_of(json.loads(json.dumps(shifted))) is not None
            assert record.process_of({**shifted, "started_at": began, "start_mark": "another boot 1"}) is None
            # As a version before wrote it.
            assert record.process_of({"pid": child.pid, "started_at": began}) is not None
            assert record.process_of({"pid": child.pid, "started_at": began - 3600}) is None
        finally:
            child.kill()
    assert start_mark(child.pid) is None
    assert record.process_of(shifted) is None
    assert start_mark(os.getpid()) == start_mark(os.getpid())
