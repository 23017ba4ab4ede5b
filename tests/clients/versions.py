"""Which clients are driven, and where they lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.harness.client import executable
from tests.harness.processes import ROOT

FOLDER: Final = ROOT / ".cache" / "clients"
NEWEST: Final = str(
    json.loads((ROOT / "package.json").read_text())["dependencies"]["@anthropic-ai/claude-code"]
)
GATE: Final = ("2.1.112", "2.1.197", NEWEST)
"""Those that the gate runs: the last in plain JavaScript, what npm gives on Node 20, and the newest."""
ALL: Final = ("2.0.77", "2.1.84", "2.1.112", "2.1.140", "2.1.197", "2.1.250", "2.1.300", NEWEST)


def program(version: str) -> Path | None:
    """The executable of a client; None where it is not installed."""
    if version == NEWEST:
        return executable()
    found = FOLDER / version / "node_modules" / ".bin" / "claude"
    return found if found.exists() else None
