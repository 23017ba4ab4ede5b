import os
import stat
from pathlib import Path

import pytest

from claude_lens.proxy import log
from claude_lens.settings import load


def test_the_log_is_private_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    assert log.tail(found) == []
    monkeypatch.setattr(log, "LIMIT", 10)
    for text in (b"first and long\n", b"second\n"):
        with os.fdopen(log.open_log(found), "ab") as output:
            output.write(text)
    assert (tmp_path / "proxy.log").read_bytes() == b"second\n"
    assert (tmp_path / "proxy.log.1").read_bytes() == b"first and long\n"
    assert stat.S_IMODE((tmp_path / "proxy.log").stat().st_mode) == 0o600
    assert log.tail(found, 5) == ["second"]
    assert log.tail(found, 5, offset=3) == ["ond"]
