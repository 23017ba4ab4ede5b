from collections.abc import Callable
from pathlib import Path

from claude_lens.store.reading.queries import Reader
from tests.store.migrations.versions.conftest import SESSION, Older


def test_every_row_stays(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0005")
    before = one.fill(recorded)

    one.upgrade("0006")

    after = one.rows()
    assert {**after, "exchanges": []} == {**before, "exchanges": []}
    assert [row | {"cost_parts": None} for row in before["exchanges"]] == after["exchanges"]


def test_it_is_readable_as_before(older: Callable[[str], Older], recorded: Path) -> None:
    one = older("0005")
    one.fill(recorded)

    with Reader(one.url) as reader:
        assert reader.session(SESSION)["exchanges"] == 4
        assert all(shown["cost_parts"] == [] for shown in reader.exchanges(SESSION))
