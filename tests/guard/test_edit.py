"""The file is changed by its lines: what a person wrote there stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from claude_lens.errors import ConfigError
from claude_lens.guard import edit, file
from claude_lens.guard.rules import Rule

BEFORE = """# my limits
rules:
  # the reviewer is dear
  - {agent: x, limit: 2/day}   # two are enough

  - session: 15
    mode: warn

# how
mode: stop
"""


def rule(name: str, text: str, **scope: str) -> Rule:
    return Rule(**file.build(name, text, scope))


def test_a_new_file_is_the_owners_only(tmp_path: Path) -> None:
    home = tmp_path / "new home"
    edit.put_rule(home, rule("limit", "2/day", agent="x"), {"agent": "x", "limit": "2/day"})
    path = home / file.NAME
    assert path.read_text() == "rules:\n  - {agent: x, limit: 2/day}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(home.iterdir()) == [path]


def test_a_rule_is_replaced_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / file.NAME
    path.write_text(BEFORE)
    edit.put_rule(tmp_path, rule("limit", "3/day", agent="x"), {"agent": "x", "limit": "3/day"})
    assert path.read_text() == BEFORE.replace(
        "- {agent: x, limit: 2/day}   # two are enough", "- {agent: x, limit: 3/day}"
    )
    edit.put_rule(tmp_path, rule("depth", "3"), {"depth": "3"})
    assert "    mode: warn\n  - {depth: '3'}\n\n# how\nmode: stop\n" in path.read_text()


def test_rules_are_taken_out_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / file.NAME
    path.write_text(BEFORE)
    edit.remove_rule(tmp_path, "session")
    assert path.read_text() == BEFORE.replace("  - session: 15\n    mode: warn\n", "")
    edit.remove_rule(tmp_path, "agent:x/day")
    assert file.load(tmp_path, None).rules == ()
    assert "# the reviewer is dear" in path.read_text()
    edit.put_rule(tmp_path, rule("depth", "3"), {"depth": "3"})
    assert [one.id for one in file.load(tmp_path, None).rules] == ["depth"]
    assert "# my limits" in path.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{agent: x, limit: 2/day}, {depth: 3}]\n",
        "{rules: [{depth: 3}]}",
        "rules:\n",
        "rules: ~",
        "rules:\n- depth: 3",
    ],
)
def test_other_ways_of_writing(tmp_path: Path, text: str) -> None:
    path = tmp_path / file.NAME
    path.write_text(text)
    edit.put_rule(tmp_path, rule("depth", "4"), {"depth": "4"})
    edit.put_rule(tmp_path, rule("plan", "5h:80%"), {"plan": "5h:80%"})
    found = file.load(tmp_path, None).rules
    assert [(one.id, one.limit) for one in found if one.id != "agent:x/day"] == [
        ("depth", 4.0),
        ("plan:5h", 0.8),
    ]


def test_grants_pile_up(tmp_path: Path) -> None:
    for at in (1.0, 2.0):
        edit.put_grant(tmp_path, file.Grant(rule="session", at=at, amount=5.0, session="s1"))
    assert [one.at for one in file.load(tmp_path, None).grants] == [1.0, 2.0]


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / file.NAME
    path.write_text("rules: [\n")
    with pytest.raises(ConfigError):
        edit.remove_rule(tmp_path, "x")
    assert path.read_text() == "rules: [\n"
