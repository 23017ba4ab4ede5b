"""When somebody last looked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from claude_lens.happened.visits import APART, NAME, before, look

NOW = 1_760_000_000.0


def test_a_visit_lasts_as_long_as_somebody_looks(tmp_path: Path) -> None:
    assert before(tmp_path, NOW) is None
    assert look(tmp_path, NOW) is None
    assert look(tmp_path, NOW + 10) is None
    later = NOW + 10 + APART + 1
    assert before(tmp_path, later) == NOW + 10
    assert [look(tmp_path, later + step) for step in (0, 5, 600)] == [NOW + 10] * 3
    assert before(tmp_path, later + 700) == NOW + 10
    assert before(tmp_path, later + 600 + APART + 1) == later + 600
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"last": "x", "before": true}'])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert before(tmp_path, NOW) is None
    assert look(tmp_path, NOW) is None


def test_a_home_that_cannot_be_written_forgets(tmp_path: Path) -> None:
    assert look(tmp_path / "not" / "there", NOW) is None
