from __future__ import annotations

import json
from typing import Any

import pytest

from tests.commands.conftest import SESSION
from tests.harness.lens import Lens


def ask(user: Lens, *words: str) -> Any:
    return json.loads(user.lensctl("exchanges", *words, "--json").stdout)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["10", "05", "04", "03", "02", "01"]),
        (["--session", SESSION[:4], "--sort", "oldest"], ["01", "02", "03", "04", "05"]),
        (["--agent", "Explore"], ["04", "02"]),
        (["--status", "error"], ["04"]),
        (["--model", "gpt-5"], ["03"]),
        (["--min-cost", "0.01", "--agent", "main"], ["10", "05", "01"]),
        (["--since", "2025-10-09", "--until", "2025-10-10", "--min-duration", "2"], []),
    ],
)
def test_what_is_listed(recorded: Lens, words: list[str], expected: list[str]) -> None:
    assert [one["id"][:2] for one in ask(recorded, *words)["exchanges"]] == expected


def test_pages(recorded: Lens) -> None:
    first = ask(recorded, "-n", "4")
    second = ask(recorded, "-n", "4", "--after", first["next"])
    assert [one["id"][:2] for one in (*first["exchanges"], *second["exchanges"])] == [
        "10",
        "05",
        "04",
        "03",
        "02",
        "01",
    ]
    assert second["next"] is None


def test_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("exchanges", "-n", "2")
    assert len(shown.stdout.splitlines()) == 3
    assert shown.stderr.startswith("more: --after ")
    assert recorded.lensctl("exchanges", "--tool", "Nothing").stderr == "no exchange fits\n"


@pytest.mark.parametrize(
    "words",
    [["--since", "soon"], ["--tz", "Nowhere/Land", "--since", "today"], ["--session", "zzz"]],
    ids=str,
)
def test_mistakes(recorded: Lens, words: list[str]) -> None:
    done = recorded.lensctl("exchanges", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("lensctl: ")
