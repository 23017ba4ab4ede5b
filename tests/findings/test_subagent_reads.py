from __future__ import annotations

import pytest

from claude_lens.exchange import Agent
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import TEXT, WRITE, Talk, losses, only, said, tool, used
from tests.store.conftest import T0, Make

LONG = TEXT * 12
EXPLORE = Agent(id="a1", type="Explore", evidence="headers")


def family(sink: StoreSink, make: Make, began: float) -> tuple[Talk, Talk]:
    """The main agent reads a file twenty seconds after T0, and so does an agent that begins at ``began``."""
    main, below = Talk(sink, make), Talk(sink, make, agent=EXPLORE)
    main.turn("look", [tool("Read", file_path="/a.py")], used(0, 9_000, out=50))
    main.turn([LONG], [tool("Agent", prompt="explore", subagent_type="Explore")], used(9_000, 4_000, out=50))
    below.at = began
    below.turn("explore", [tool("Read", file_path="/a.py")], used(0, 6_000, out=50))
    below.turn([LONG], [said("it is a file")], used(6_000, 4_050))
    sink.flush()
    return main, below


def test_what_its_parent_had(sink: StoreSink, reader: Reader, make: Make) -> None:
    _, below = family(sink, make, T0 + 60)
    one = only(reader, "subagent-reads")
    assert one["usd"] == pytest.approx(4_000 * WRITE, rel=1e-3)
    assert (one["subject"], one["evidence"]) == ("Explore", [below.sent[1].id])
    assert "Explore" in one["remedy"]


def test_what_its_parent_got_later_it_had_to_read_itself(sink: StoreSink, reader: Reader, make: Make) -> None:
    family(sink, make, T0 + 1)
    assert losses(reader, "subagent-reads") == []
