"""What is said of exchanges that are not in the database yet."""

from __future__ import annotations

from pathlib import Path

from claude_lens.proxy.waiting import NOBODY, counted, facts, in_words, told
from claude_lens.settings import load
from claude_lens.spool.ledger import Ledger
from claude_lens.spool.positions import Position, Positions
from tests.recorder.conftest import arrival, ending
from tests.recorder.playing import written


def test_what_waits_and_why(tmp_path: Path) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    assert told(Ledger(), settings) == ([], 0)
    source = written(tmp_path, arrival(1), ending(1), arrival(2))
    assert told(Ledger(), settings) == ([f"2 exchanges wait for: {NOBODY}; nothing of them is lost"], 0)
    assert told(Ledger(), settings, serves=True) == ([], 0)
    positions = Positions(source.journal.positions)
    positions.open()
    positions.lanes["store"] = Position(stored=1, reason="lens.db: locked")
    positions.save()
    assert told(Ledger(), settings) == (["1 exchange waits for: lens.db: locked; nothing of them is lost"], 0)
    shown = in_words(facts(settings))
    assert shown.startswith("passed 2 = stored 1 + waiting 1 + lost 0, ")
    assert shown.endswith("in the spool, waiting for: lens.db: locked")
    positions.lanes["store"] = Position(lost=2, aside=1)
    positions.save()
    positions.close()
    assert told(Ledger(lost=1), settings) == (["1 exchange is lost"], 1)
    assert told(Ledger(), settings) == (["2 exchanges are lost"], 1)
    assert in_words(facts(settings)) == (
        "passed 2 = stored 0 + waiting 0 + lost 2, 1 of them set aside in spool/aside"
    )
    assert (counted(1), counted(3)) == ("1 exchange waits", "3 exchanges wait")
