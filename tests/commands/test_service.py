import json
import shutil

import pytest

from tests.harness.lens import Lens


def test_not_installed(lens: Lens) -> None:
    if not shutil.which("systemctl"):
        (lens.bin / "systemctl").write_text("#!/bin/sh\n")
        (lens.bin / "systemctl").chmod(0o755)
    done = lens.lensctl("service", "status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"installed": False, "file": None})
    assert "lensctl service install" in lens.lensctl("service", "status").stdout
    assert lens.lensctl("service", "remove").stdout == "nothing was installed\n"


@pytest.mark.parametrize("words", [["install"], ["remove"], ["status"]])
def test_help(lens: Lens, words: list[str]) -> None:
    assert lens.lensctl("service", *words, "--help").returncode == 0
