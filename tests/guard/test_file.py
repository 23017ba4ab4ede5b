"""Rules as they are written, and what is wrong with those that are not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from claude_lens.errors import ConfigError
from claude_lens.guard import file
from claude_lens.guard.rules import EACH, Who

WHOLE = """
rules:
  - {agent: code-reviewer, limit: 2/day}
  - session: 15
  - project: /home/me/shop
    limit: 50/week
    mode: warn
  - model: opus
    limit: 30/month
  - {user: ann, limit: 5/day}
  - {account: 7c0f, limit: 100/month}
  - agents_per_session: 40
  - depth: 3
  - plan: 7d:90%
  - requests: 200/hour
  - {session: abc, limit: 3}
warn_at: 70%
notify: {command: tell-me, webhook: "http://127.0.0.1:1/x"}
allowed:
  - {rule: "session", at: 12.5, amount: 5, session: s1}
  - {rule: "depth", at: 13}
"""


def test_everything(tmp_path: Path) -> None:
    (tmp_path / file.NAME).write_text(WHOLE)
    found = file.load(tmp_path, None)
    assert [(rule.id, rule.limit, rule.mode) for rule in found.rules] == [
        ("agent:code-reviewer/day", 2.0, "stop"),
        ("session", 15.0, "stop"),
        ("project:/home/me/shop/week", 50.0, "warn"),
        ("model:opus/month", 30.0, "stop"),
        ("user:ann/day", 5.0, "stop"),
        ("account:7c0f/month", 100.0, "stop"),
        ("agents-per-session", 40.0, "stop"),
        ("depth", 3.0, "stop"),
        ("plan:7d", 0.9, "stop"),
        ("requests/hour", 200.0, "stop"),
        ("session:abc", 3.0, "stop"),
    ]
    assert found.rules[1].scope == {"session": EACH}
    assert found.rules[0].source == "guard.yaml:3"
    assert (found.warn_at, found.command, found.webhook) == (0.7, "tell-me", "http://127.0.0.1:1/x")
    assert found.grants == (
        file.Grant(rule="session", at=12.5, amount=5.0, session="s1"),
        file.Grant(rule="depth", at=13.0),
    )


def test_the_file_goes_before_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "litellm_config.yaml"
    config.write_text(
        "model_list: []\nclaude_lens:\n  guard:\n    mode: warn\n    warn_at: 50%\n    rules:\n"
        "      - {agent: x, limit: 1/day}\n      - depth: 2\n"
    )
    (tmp_path / file.NAME).write_text("rules: [{agent: x, limit: 9/day}]\n")
    found = file.load(tmp_path, config)
    assert [(r.id, r.limit, r.mode, r.source) for r in found.rules] == [
        ("agent:x/day", 9.0, "stop", "guard.yaml:1"),
        ("depth", 2.0, "warn", "litellm_config.yaml:8"),
    ]
    assert found.warn_at == 0.5


@pytest.mark.parametrize("text", ["", "# nothing\n", "rules:\n", "rules: []\n", "mode: warn\n"])
def test_no_rules(tmp_path: Path, text: str) -> None:
    (tmp_path / file.NAME).write_text(text)
    assert file.load(tmp_path, None).rules == ()
    assert file.load(tmp_path / "nowhere", tmp_path / "neither").rules == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("rules:\n  - {agent: x}\n", 2, "has one of limit"),
        ("rules:\n  - {agent: x, limit: lots}\n", 2, "expected dollars"),
        ("rules:\n  - {agent: x, limit: 2/day, depth: 3}\n", 2, "not two"),
        ("rules:\n  - {agnt: x, limit: 2/day}\n", 2, "unknown key agnt"),
        ("rules:\n  - {agent: [a], limit: 2}\n", 2, "agent needs a value"),
        ("rules:\n  - {agent: x, limit: 2/day}\n  - {agent: x, limit: 3/day}\n", 3, "line 2 does too"),
        ("rules:\n  - {depth: 3, depth: 4}\n", 2, "given twice"),
        ("rules: yes\n", 1, "must be a list"),
        ("rules:\n  - 5\n", 2, "must be a mapping"),
        ("- a\n", 1, "must be a mapping"),
        ("mode: maybe\n", 1, "neither stop nor warn"),
        ("warn_at: 3\n", 1, "80%"),
        ("notify: {webhook: ftp://x}\n", 1, "is no address"),
        ("allowed:\n  - {rule: x}\n", 2, "needs rule and at"),
        ("allowed:\n  - {rule: x, at: soon}\n", 2, "is no number"),
        ("rules: [\n", 2, "not valid YAML"),
        ("a: &a [*a]\n", 1, "unknown key a"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, line: int, said: str) -> None:
    (tmp_path / file.NAME).write_text(text)
    with pytest.raises(ConfigError, match=said) as told:
        file.load(tmp_path, None)
    assert told.value.line == line


PIECES = (
    *(
        "rules",
        "agent",
        "session",
        "limit",
        "requests",
        "depth",
        "plan",
        "mode",
        "warn_at",
        "notify",
        "allowed",
    ),
    *(
        "x",
        "15",
        "2/day",
        "7d:90%",
        "200/hour",
        "-1",
        "nan",
        "1e999",
        "~",
        "null",
        "'",
        '"',
        "{",
        "}",
        "[",
        "]",
    ),
    *(": ", ", ", "\n", "\n  ", "\n  - ", "- ", "#", "&a ", "*a", "!!int ", "%", "\t", "é", "|\n", "<<: "),
)


def test_a_fuzz_of_rules_is_understood_or_refused_with_a_line(tmp_path: Path) -> None:
    chance, path = random.Random(16), tmp_path / file.NAME
    told: ConfigError | None
    read = 0
    for _ in range(5000):
        if chance.random() < 0.5:
            text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 25)))
        else:
            scope = chance.choice(["", "agent: a, ", "session: s, ", "model: m, project: /p, "])
            limit = chance.choice(["limit", "requests", "depth", "plan", "agents_per_session"])
            amount = chance.choice(["2", "2/day", "7d:90%", "5/week", "0", "-1", "x", "3/moon", "1.5/hour"])
            text = f"rules:\n  - {{{scope}{limit}: {amount}}}\n"
        try:
            found = file.parse(text, path)
        except ConfigError as error:
            told = error
        else:
            told = None
        if told is not None:
            assert str(told).startswith(str(path))
            assert "\n" not in told.problem
            assert len(told.problem) < 400
            continue
        for rule in found.rules:
            read += 1
            assert 0 <= rule.limit < 1e13
            assert rule.id
            assert rule.applies(file_who()) in (True, False)
    assert read > 500


def file_who() -> Who:
    return Who(session="s", agent="a", model="m", project="/p/q")
