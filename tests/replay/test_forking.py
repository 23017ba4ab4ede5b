from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.errors import NotFound, UserError
from claude_lens.replay.budget import Budget
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.forking import Wanted, beginning, fork
from claude_lens.replay.record import read
from claude_lens.store.reading.queries import Reader
from tests.harness.lens import Lens
from tests.replay.conftest import SESSION


def test_where_it_begins(stored: Reader) -> None:
    with stored.connect() as connection:
        record = read(connection, SESSION, Comparing())
    assert beginning(record, "2").id == f"{2:032x}", "the first try of the turn"
    assert beginning(record, f"{4:032x}").turn == 3
    for wrong in ("0", "4", "ffffffff", f"{1:032x}"):
        with pytest.raises(NotFound, match="it has turns 1 to 3"):
            beginning(record, wrong)


def test_a_prompt_takes_the_place_of_one(stored: Reader, owner: Lens, tmp_path: Path) -> None:
    budget = Budget(None, tmp_path)
    wanted = Wanted(session=SESSION, start="2", prompt="other")
    with pytest.raises(UserError, match="turn 2 begins with none, turns 1, 3 do"):
        fork(owner.settings, wanted, [None], lambda _: None, budget)


def test_nothing_begins_without_a_budget(stored: Reader, owner: Lens, tmp_path: Path) -> None:
    budget = Budget(1.0, tmp_path)
    budget.spend(1.0)
    told = fork(owner.settings, Wanted(session=SESSION, start="1"), ["a", "b"], lambda _: None, budget)
    assert told["from"] == f"{0:032x}"
    assert [(arm["model"], arm["error"]) for arm in told["arms"]] == [
        (name, "the budget was spent before it began") for name in ("a", "b")
    ]
