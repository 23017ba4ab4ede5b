import json
from collections.abc import Iterator

import pytest

from tests.harness.lens import Lens

NAMES = [
    "settings",
    "claude",
    "config",
    "home",
    "key",
    "provider key",
    "database",
    "ports",
    "proxy",
    "versions",
    "tracing",
]


@pytest.fixture
def versioned(served: Lens) -> Iterator[Lens]:
    """A user whose claude tells its version; ``served`` is shared, so the fake one comes back."""
    fake = served.claude.read_text()
    served.claude.write_text("#!/bin/sh\necho 9.9.9 test\n")
    yield served
    served.claude.write_text(fake)


def test_all_is_well(versioned: Lens) -> None:
    done = versioned.lensctl("doctor", "--json")
    found = json.loads(done.stdout)
    assert set(NAMES) <= {check["name"] for check in found}
    assert [check for check in found if not check["ok"]] == []
    assert done.returncode == 0
    shown = versioned.lensctl("doctor").stdout.splitlines()
    assert len(shown) == len(found)
    assert all(line.startswith("ok ") for line in shown)


def test_says_what_to_do(lens: Lens) -> None:
    lens.claude.unlink()
    lens.home.mkdir(mode=0o755)
    (lens.home / "litellm_config.yaml").write_text("model_list: 1\n")
    done = lens.lensctl("doctor", CLAUDE_LENS_CLAUDE="/nowhere/claude", WEB_PORT=str(lens.port))
    assert done.returncode == 1
    shown = done.stdout
    assert "→ npm install -g @anthropic-ai/claude-code" in shown
    assert "litellm_config.yaml:1: model_list must be a list" in shown
    assert f"→ chmod 700 {lens.home}" in shown
    assert f"PORT and WEB_PORT are both {lens.port}" in shown


def test_a_bad_setting_ends_it(lens: Lens) -> None:
    found = json.loads(lens.lensctl("doctor", "--json", WEB_PORT="x").stdout)
    assert len(found) == 1
    assert found[0]["ok"] is False
    assert found[0]["detail"].startswith("WEB_PORT='x' is not valid")
