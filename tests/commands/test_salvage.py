from __future__ import annotations

import json

from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_a_damaged_file_is_put_aside(lens: Lens) -> None:
    fill(lens)
    done = lens.lensctl("salvage")
    assert (done.returncode, done.stdout) == (0, "4 exchanges saved\n")
    assert f"{lens.home}/lens.db.damaged" in done.stderr
    again = lens.lensctl("salvage")
    assert again.returncode == 2
    assert "move it away" in again.stderr
    (lens.home / "lens.db.damaged").unlink()
    told = json.loads(lens.lensctl("salvage", "--json", check=True).stdout)
    assert (told["exchanges"], told["figures_only"], told["unreadable"]) == (4, 0, [])
    assert lens.lensctl("verify").returncode == 0


def test_not_while_the_proxy_runs(served: Lens) -> None:
    done = served.lensctl("salvage")
    assert done.returncode == 2
    assert "lensctl down" in done.stderr
