"""A tree as settings ask for it."""

from __future__ import annotations

from pathlib import Path

from claude_lens.settings import load
from claude_lens.tracing.bounds import Collector as Attributes
from claude_lens.tracing.building import redaction


def test_redacting_as_the_store_does(tmp_path: Path) -> None:
    key = "sk-ant-api03-" + "aB3_" * 20 + "AA"

    def shown(**settings: str) -> str:
        out = Attributes(redact=redaction(load({"CLAUDE_LENS_HOME": str(tmp_path), **settings})))
        out.add("a", f"the key {key} is")
        out.add("b", (key, "x"))
        out.json("c", {"key": key})
        return str(out.done())

    assert key not in shown()
    assert "[redacted:" in shown()
    assert key in shown(CLAUDE_LENS_REDACT="off")
