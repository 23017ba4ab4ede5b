import pytest

from claude_lens.client_settings import Entry
from claude_lens.proxy import wiring
from tests.harness.lens import Lens


def test_entries_hold_the_key_and_unset_by_nothing() -> None:
    changes = {"A": f"x: {wiring.PLACEHOLDER}", "B": None}
    assert wiring.entries(changes, "sk-1") == [Entry(("env", "A"), "x: sk-1"), Entry(("env", "B"), "")]


def test_nothing_is_renewed_where_nothing_is_on(lens: Lens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(lens.folder))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    assert not wiring.renew(lens.settings)
    assert not wiring.client_settings(lens.settings).file.exists()
