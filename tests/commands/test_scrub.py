from __future__ import annotations

import json

from claude_lens.redact import mark
from claude_lens.store.sink import open_sink
from tests.commands.conftest import exchange
from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.redact.samples import SAMPLES


def test_secrets_are_gone(lens: Lens) -> None:
    fill(lens)
    kind, secret = SAMPLES[20]
    sink = open_sink(lens.settings)
    dirty = exchange(32)
    assert isinstance(dirty.request.json, dict)
    dirty.request.json["messages"][0]["content"] = f"use {secret}"
    sink.ended(dirty)
    sink.close()

    assert "have secrets" in lens.lensctl("scrub", "--dry-run").stdout
    assert secret in lens.lensctl("show", "20", "--json").stdout
    assert json.loads(lens.lensctl("scrub", "--json").stdout)["contents"] == 1
    shown = lens.lensctl("show", "20", "--json").stdout
    assert secret not in shown
    assert mark(kind, secret) in shown
