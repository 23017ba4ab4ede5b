from __future__ import annotations

import pytest

from claude_lens.findings.catalogue import KINDS
from claude_lens.findings.losses import Loss, Sum, ident, named, times


def loss(number: int, **fields: object) -> Loss:
    given = {"exchange_id": f"x{number}", "at": 1.0, "project": "/p", "usd": 0.1 * number}
    return Loss(**{**given, **fields})  # type: ignore[arg-type]


def test_losses_add_up() -> None:
    total = Sum("it", "/p")
    total.add("s", loss(1, tokens=5, ms=2.0, measured=True, label="a", extra={"n": 2.0}))
    total.add("t", loss(3, tokens=7, ms=3.0, measured=False, label="a", extra={"n": 1.0}))
    assert (total.count, total.tokens, total.ms, total.measured) == (2, 12, 5.0, False)
    assert total.usd == pytest.approx(0.4)
    assert (total.sessions, total.labels, total.extra) == ({"s", "t"}, {"a": 2}, {"n": 3.0})
    assert total.dearest() == "x3"


def test_a_sum_of_a_session_comes_back_and_merges() -> None:
    one = Sum("it", None)
    one.add("s", loss(1, label="a", measured=True))
    one.add("s", loss(2, veto=True))
    back = Sum.of("s", one.plain())
    assert back == one
    assert back.vetoed
    other = Sum("it", None)
    other.add("t", loss(1))
    back.merge(other)
    assert (back.count, back.sessions, back.measured) == (2, {"s", "t"}, False)
    assert back.evidence == {"x1": pytest.approx(0.2)}


def test_only_a_hundred_exchanges_are_named() -> None:
    total = Sum("it", None)
    for number in range(300):
        total.add("s", loss(number))
    kept = total.plain()["evidence"]
    assert len(kept) == 100
    assert "x299" in kept


def test_an_id_is_always_the_same_and_knows_its_project() -> None:
    by_name = {kind.name: kind for kind in KINDS}
    again, pause = by_name["read-again"], by_name["cache-pause"]
    assert ident(again, "/p", "") == ident(again, "/p", "") != ident(again, "/q", "")
    assert ident(pause, "/p", "") == ident(pause, None, "")
    assert ident(again, "/p", "a") != ident(again, "/p", "b")


def test_words() -> None:
    assert [times(number) for number in (1, 2, 1200)] == ["once", "twice", "1,200 times"]
    assert named({"b": 1, "a": 2, "c": 1, "d": 1}) == "a (twice), b (once), c (once) and 1 more"
