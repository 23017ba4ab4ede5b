from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.errors import SettingError
from claude_lens.redact import Redactor, mark, read_patterns, redactor
from claude_lens.settings import load


def test_patterns_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "redact.txt"
    file.write_text("# ours\n\nbadge = EMP-(?P<s>[0-9]{6})\nproject-[a-z]{4}\n")
    redact = Redactor(read_patterns(file))
    found = redact.text("EMP-123456 works on project-moon; EMP-12 does not")
    assert found == f"EMP-{mark('badge', '123456')} works on {mark('own', 'project-moon')}; EMP-12 does not"
    assert redact.text(found) == found


@pytest.mark.parametrize("line", ["ok\n([", "bad = *"])
def test_a_bad_pattern_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "redact.txt"
    file.write_text(line)
    with pytest.raises(SettingError, match="regular expression in line"):
        read_patterns(file)


def test_settings_decide(tmp_path: Path) -> None:
    home = {"CLAUDE_LENS_HOME": str(tmp_path)}
    assert redactor(load({**home, "CLAUDE_LENS_REDACT": "off"})) is None
    assert redactor(load(home)) is not None
    (tmp_path / "redact.txt").write_text("moon")
    found = redactor(load(home))
    assert found is not None
    assert found.text("moon") == mark("own", "moon")
    with pytest.raises(SettingError, match="readable file"):
        redactor(load({**home, "CLAUDE_LENS_REDACT_FILE": str(tmp_path / "none")}))


def test_names_can_be_left_alone(tmp_path: Path) -> None:
    home = {"CLAUDE_LENS_HOME": str(tmp_path)}
    line = "DB_PASSWORD=Xk9" + "mQ3swkj!q"
    for value, changed in (("on", True), ("off", False)):
        found = redactor(load({**home, "CLAUDE_LENS_REDACT_NAMES": value}))
        assert found is not None
        assert (found.text(line) != line) is changed
        assert found.text("gh" + "p_" + "a1B2" * 9) != "gh" + "p_" + "a1B2" * 9
