"""Limits where no proxy runs; those of one that runs are in ``tests/capture/test_guarding.py``."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from claude_lens.errors import ConfigError
from claude_lens.exchange import Cost, Exchange, Identity
from claude_lens.proxy.limits import gather
from claude_lens.settings import Settings, load
from claude_lens.store.sink import StoreSink
from tests.harness.processes import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load({"CLAUDE_LENS_HOME": str(tmp_path), "PORT": str(free_port())})
    sink = StoreSink(made.database_url)
    sink.writer.open()
    identity = Identity(session_id="s1", project="/p")
    sink.ended(Exchange(id="e1", status="ok", identity=identity, started_at=time.time(), cost=Cost(usd=0.25)))
    sink.close()
    return made


def test_made_from_the_store(settings: Settings) -> None:
    (settings.home / "guard.yaml").write_text("rules:\n  - session: 1\n  - {project: /q, limit: 2/week}\n")
    told = gather(settings)
    assert [(one["id"], one["spent"]) for one in told["rules"]] == [
        ("session", 0.25),
        ("project:/q/week", 0.0),
    ]
    assert (told["running"], told["shared"], told["faults"]) == (False, False, 0)
    assert [one["id"] for one in gather(settings, {"project": "/p"})["rules"]] == ["session"]


def test_a_mistake_is_told(settings: Settings) -> None:
    (settings.home / "guard.yaml").write_text("rules: 3\n")
    with pytest.raises(ConfigError):
        gather(settings)
