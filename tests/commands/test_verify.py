from __future__ import annotations

import json
import sqlite3

from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_sound_and_damaged(lens: Lens) -> None:
    fill(lens)
    done = lens.lensctl("verify")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("4 exchanges, ")
    assert done.stdout.splitlines()[-1] == "sound"
    with sqlite3.connect(lens.home / "lens.db") as connection:
        connection.execute("UPDATE contents SET data = x'00', codec = 0 WHERE id = 2")
    connection.close()
    broken = lens.lensctl("verify", "--json")
    assert broken.returncode == 1
    found = json.loads(broken.stdout)
    assert not found["sound"]
    assert found["damage"]
