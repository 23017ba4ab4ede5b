"""The real client as a person uses it: in a terminal, past its first-run questions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.harness.client import QUIET, executable
from tests.harness.lens import Lens
from tests.harness.processes import ROOT
from tests.harness.terminal import Terminal

READY = "? for shortcuts"
"""What the client shows below its prompt once it takes input."""


def introduce(home: Path, folder: Path, token: str) -> None:
    """Answer what the client would ask ``home`` first: theme, trust in ``folder``, the key's use."""
    project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    told = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "bypassPermissionsModeAccepted": True,
        "customApiKeyResponses": {"approved": [token[-20:]], "rejected": []},
        "projects": {str(folder): project},
    }
    (home / ".claude.json").write_text(json.dumps(told))


def session(user: Lens, client: Path | None = None, *arguments: str) -> Terminal:
    """``claude-lens`` of ``user`` in a terminal; the proxy must run and hold the provider's key."""
    introduce(user.folder, user.cwd, "")
    given = {**user.environment, **QUIET, "CLAUDE_LENS_CLAUDE": str(client or executable())}
    return Terminal([ROOT / "bin" / "claude-lens", *arguments], given, user.cwd)
