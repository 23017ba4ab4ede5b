from __future__ import annotations

from pathlib import Path

from claude_lens.guard import file
from claude_lens.replay.budget import Budget


def test_the_guard_keeps_what_is_left_for_the_session(tmp_path: Path) -> None:
    budget = Budget(2.0, tmp_path)
    budget.before(None)
    assert not list(tmp_path.iterdir())
    budget.before("s1")
    budget.before("s1")
    (rule,) = file.load(tmp_path, None).rules
    assert (rule.limit, rule.scope) == (2.0, {"session": "s1"})
    budget.after()
    assert file.load(tmp_path, None).rules == ()
    budget.spend(1.5)
    budget.spend(None)
    budget.before("s2")
    (rule,) = file.load(tmp_path, None).rules
    assert (rule.limit, budget.left()) == (0.5, 0.5)


def test_without_a_budget_no_limit_is_set(tmp_path: Path) -> None:
    budget = Budget(None, tmp_path)
    budget.before("s1")
    budget.after()
    assert budget.left() > 1e9
    assert not list(tmp_path.iterdir())
