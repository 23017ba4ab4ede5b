"""What happened: three more tables, and every row stays."""

from collections.abc import Callable
from pathlib import Path

from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from tests.store.migrations.versions.conftest import SESSION, Older


def test_every_row_stays(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0010")
    before = one.fill(recorded)
    one.upgrade("0011")
    after = one.rows()
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"progress", "session_events", "digests"}
    assert after["progress"] == after["session_events"] == after["digests"] == []
    with Reader(one.url) as reader:
        assert reader.session(SESSION)["id"] == SESSION
        assert verify(reader).sound
