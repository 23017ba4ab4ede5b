from __future__ import annotations

import random

import pytest
from sqlalchemy import text

from claude_lens.store import database
from claude_lens.store.lexing import LONGEST
from claude_lens.store.schema import SEARCH_COLUMNS
from claude_lens.store.writing.lexemes import WEIGHTS, tokens, vector
from tests.harness.postgres import Postgres


def columns(**given: str) -> tuple[str, ...]:
    return tuple(given.get(name, "") for name in SEARCH_COLUMNS)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("The Café's foo_bar.baz", ["the", "cafe", "s", "foo", "bar", ".", "baz"]),
        ("cafe\u0301 İstanbul", ["cafe", "istanbul"]),
        ("日本 42nd ñ", ["日", "本", "42nd", "n"]),
        ("_ ' \\ \0", []),
        ("x" * 5000, ["x" * LONGEST]),
    ],
)
def test_words(said: str, expected: list[str]) -> None:
    assert tokens(said) == expected


def test_places_are_marked_by_column_with_a_gap_between() -> None:
    assert vector(columns(prompt="a b a", result="b")) == ("'a':1A,3A 'b':2A,8D", False)
    assert vector(columns()) == ("", False)
    assert tuple(WEIGHTS) == SEARCH_COLUMNS


def test_what_does_not_fit_is_said(postgres: Postgres) -> None:
    rng = random.Random(1)
    often = columns(prompt="the " * 300)
    long = columns(result=" ".join(f"w{number % 999}" for number in range(40_000)))
    huge = columns(result=" ".join(f"{rng.getrandbits(64):x}" for _ in range(60_000)))
    wide = columns(result=" ".join(f"{'é' * 400}{number}" for number in range(2000)), prompt="x" * 9000)
    engine = database.open_writer(database.parse(postgres.url("migrated")))
    with engine.connect() as connection:
        for each in (often, long, huge, wide):
            words, partial = vector(each)
            assert partial
            query = text("SELECT length(CAST(:words AS tsvector))")
            assert connection.execute(query, {"words": words}).scalar_one() > 0
    engine.dispose()
