from __future__ import annotations

import json
import stat

from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_a_copy_is_a_whole_database(lens: Lens) -> None:
    fill(lens)
    copy = lens.folder / "copy.db"
    done = json.loads(lens.lensctl("backup", str(copy), "--json").stdout)
    assert done["bytes"] == copy.stat().st_size
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    before = lens.lensctl("sessions", "--json").stdout
    lens.environment["DB_PATH"] = str(copy)
    assert lens.lensctl("sessions", "--json").stdout == before
    assert lens.lensctl("verify").returncode == 0


def test_nothing_is_overwritten_unasked(lens: Lens) -> None:
    fill(lens)
    copy = lens.folder / "copy.db"
    copy.write_text("mine")
    refused = lens.lensctl("backup", str(copy))
    assert refused.returncode == 2
    assert copy.read_text() == "mine"
    assert lens.lensctl("backup", str(copy), "--force").returncode == 0
    assert copy.read_bytes().startswith(b"SQLite")
