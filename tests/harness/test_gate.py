"""The gate before LiteLLM's import, seen from a bare interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.harness.gate import Gate

CODE = """\
import sys, types
sys.modules["litellm"] = package = types.ModuleType("litellm")
package.__path__ = []
import litellm.proxy
"""


def start(gate: Gate) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE],
        env={**os.environ, **gate.settings},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_import_waits_and_fails_as_told(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    with start(gate) as child:
        gate.reached()
        assert child.poll() is None
        gate.open("broken on purpose")
        assert child.wait(30) == 1
        assert "broken on purpose" in (child.stderr.read() if child.stderr else "")
