from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.store.transfer.test_client_costs import transcript


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


def test_the_clients_own_totals_beside_ours(lens: Lens) -> None:
    fill(lens)
    (session, *_) = json.loads(lens.lensctl("sessions", "--json").stdout)
    folder = Path(lens.environment["HOME"]) / ".claude" / "projects"
    folder.mkdir(parents=True)
    transcript(folder, session["id"], 1.097)
    done = lens.lensctl("verify")
    recorded = f"${session['cost_usd']:.3f}"
    assert f"session {session['id']}: client says $1.097, recorded {recorded}" in done.stdout
    assert done.returncode == 0
    (one,) = json.loads(lens.lensctl("verify", "--json").stdout)["client_costs"]
    assert (one["session"], one["client_usd"], one["agree"]) == (session["id"], 1.097, False)
    found = {one["name"]: one for one in json.loads(lens.lensctl("doctor", "--json").stdout)}
    assert "client says $1.097" in found["costs"]["detail"]
