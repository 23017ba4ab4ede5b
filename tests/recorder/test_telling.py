"""The guard hears what every exchange spent, whatever the store does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claude_lens.recorder.priced import spent_of
from claude_lens.recorder.telling import Telling
from claude_lens.settings import load
from tests.recorder.conftest import arrival, ending
from tests.recorder.playing import play
from tests.recorder.test_priced import EXCHANGE


def test_what_ended_is_told_once_a_batch() -> None:
    told: list[dict[str, Any]] = []
    sink = Telling(told.append)
    sink.arrived(EXCHANGE)
    sink.flush()
    sink.ended(EXCHANGE)
    sink.flush()
    sink.flush()
    sink.close()
    assert told == [{"spent": [spent_of(EXCHANGE).to_json()]}]


def test_it_is_no_sink_that_anybody_sees(tmp_path: Path) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    told = play(settings, {}, arrival(1), ending(1))[-1]
    assert (told["sinks"], told["recorded"], told["counters"]) == ([], 1, {})
