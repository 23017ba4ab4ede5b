from __future__ import annotations

import json

import pytest

from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens


def test_hits_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("search", "prompt", "--json").stdout)
    assert {one["session_id"] for one in found} == {SESSION, OTHER}
    assert all(one["snippet"][a:b] == "prompt" for one in found for a, b in one["marks"])


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["answer", "3"], 1),
        (["answer -3 -16"], 4),
        (["prompt of", "session:2222"], 1),
        (["answer", "agent:counter"], 1),
        (["answer", "before:2020-01-01"], 0),
    ],
)
def test_queries(recorded: Lens, words: list[str], count: int) -> None:
    assert len(json.loads(recorded.lensctl("search", *words, "--json").stdout)) == count


def test_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("search", "answer", "5")
    assert "answer 5" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert recorded.lensctl("search", "unheard-of").stderr == "nothing found\n"


def test_pages(recorded: Lens) -> None:
    first = recorded.lensctl("search", "answer", "-n", "4")
    word, option, cursor = first.stderr.split()
    assert (word, option) == ("more:", "--after")
    rest = recorded.lensctl("search", "answer", "-n", "4", option, cursor)
    assert (len(first.stdout.splitlines()), len(rest.stdout.splitlines()), rest.stderr) == (8, 4, "")
    assert not set(first.stdout.splitlines()) & set(rest.stdout.splitlines())


def test_a_malformed_query(recorded: Lens) -> None:
    done = recorded.lensctl("search", '"open')
    assert done.returncode == 2
    assert "quotation mark" in done.stderr
