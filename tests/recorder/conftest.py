"""A sink of someone else's, installed as a package of its own, for a real recorder process."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from claude_lens.recorder.frames import Arrival, Ending

SINK = """
    import json, os, pathlib

    class JournalSink:
        name = "journal"

        def __init__(self, path):
            self.path = path
            self.lines = []

        def note(self, what, exchange):
            self.lines.append(json.dumps([what, exchange.id, exchange.status]))

        def arrived(self, exchange):
            if exchange.request.body == b"break the sink":
                raise OSError("the journal is full")
            deadly = pathlib.Path(str(self.path) + ".deadly").exists()
            if exchange.request.body == b"kill the recorder" or deadly:
                os._exit(9)
            if exchange.request.body == b"print":
                print("hello from a sink", flush=True)
            self.note("arrived", exchange)

        def ended(self, exchange):
            self.note("ended", exchange)

        def flush(self):
            if pathlib.Path(str(self.path) + ".locked").exists():
                raise OSError("the journal is locked")
            with open(self.path, "a") as file:
                file.write("".join(line + "\\n" for line in self.lines))
            self.lines.clear()

        def close(self):
            self.flush()

    def open_sink(settings):
        return JournalSink(pathlib.Path(os.environ["JOURNAL"]))

    def switched_off(settings):
        return None
"""


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the foreign sink writes one JSON line a call: [what, id, status, body]."""
    site = tmp_path / "site"
    info = site / "lens_journal-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "lens_journal.py").write_text(textwrap.dedent(SINK))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lens-journal\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[claude_lens.sinks]\njournal = lens_journal:open_sink\noff = lens_journal:switched_off\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JOURNAL", str(tmp_path / "journal"))
    monkeypatch.delenv("CLAUDE_LENS_STRICT", raising=False)
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    return tmp_path / "journal"


def arrival(number: int, body: bytes = b"{}") -> Arrival:
    """A request as the front reports it."""
    return Arrival(
        id=f"{number:032x}",
        worker="here:1:1",
        arrived_at=1_700_000_000.0 + number,
        endpoint="/v1/messages",
        headers=(("content-type", "application/json"), ("x-claude-code-session-id", "s")),
        body=body,
    )


def ending(number: int, body: bytes = b"{}") -> Ending:
    """Its end."""
    return Ending(
        id=f"{number:032x}",
        status="ok",
        http_status=200,
        headers=(("content-type", "application/json"),),
        body=body,
        duration_ms=1.5,
        adapted=("billing block removed",),
        prices={"input_cost_per_token": 1e-6},
    )
