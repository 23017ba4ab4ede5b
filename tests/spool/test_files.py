"""Private files, and locks that end with their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from claude_lens.spool.files import Lock, held, open_private, private_folder, replace, write_all

HOLD = """
import sys, time
from pathlib import Path
from claude_lens.spool.files import Lock
lock = Lock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(60)
"""


def test_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b")
    os.close(open_private(tmp_path / "a" / "b" / "c", os.O_WRONLY))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file"
    replace(file, b"old")
    replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match=r"."):
        replace(file, b"newer")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_everything_is_written_even_to_a_slow_reader() -> None:
    source, sink = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(len(sys.stdin.buffer.read()))"], stdin=source, stdout=-1
    )
    os.close(source)
    write_all(sink, [b"a" * 300_000, b"", b"b" * 300_000])
    os.close(sink)
    assert child.communicate(timeout=20)[0] == b"600000\n"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"True\n"
        lock = Lock(path)
        assert not lock.take()
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert lock.take(wait=True)
        assert lock.take()
        assert not Lock(path).take()
        lock.release()
        lock.release()
    with held(path):
        assert not Lock(path).take()
    other = Lock(path)
    assert other.take()
    other.release()
