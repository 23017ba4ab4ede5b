import json
import os
import stat
from pathlib import Path

import pytest

from claude_lens.proxy.mark import start_mark, write_json


def test_a_file_is_replaced_at_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "proxy.json"
    for content in ({"pid": 1}, {"ü": None}):
        write_json(file, content)
        assert json.loads(file.read_text()) == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(OSError, match="No such file"):
        write_json(tmp_path / "none" / "proxy.json", {})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux tells when a process began")
def test_a_mark_tells_processes_apart() -> None:
    own, first = start_mark(os.getpid()), start_mark(1)
    assert own == start_mark(os.getpid())
    assert own != first
    assert start_mark(2**22 + 1) is None
