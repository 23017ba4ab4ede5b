"""What a request may cost before it is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claude_lens.capture.inflight import InFlight
from claude_lens.capture.reserving import USUAL_OUTPUT, Reserving, max_tokens
from claude_lens.guard import file
from claude_lens.guard.events import Spent
from claude_lens.guard.file import Ruleset
from claude_lens.guard.ledger import Ledger
from claude_lens.guard.rules import Rule, Who

PRICES = {"input_cost_per_token": 3e-6, "output_cost_per_token": 15e-6}
WHO = Who(model="m", agent="x")


def flight(limit: int = 1000, size: int = 0, prices: Any = PRICES, model: str = "m") -> InFlight:
    body = json.dumps({"model": model, "pad": "x" * size, "max_tokens": limit}).encode()
    return InFlight(
        endpoint="/v1/messages",
        query="",
        headers=[],
        body=body,
        put=lambda _: None,
        worker="w",
        requested_model=model,
        price=lambda _model, _provider: prices,
    )


def test_from_the_body_and_its_limit() -> None:
    likely, most = Reserving().estimate(flight(100_000, 3_000_000), WHO)
    assert most == pytest.approx(1_000_000 * 3e-6 + 100_000 * 15e-6, rel=1e-3)
    assert USUAL_OUTPUT * 15e-6 < likely < most


def test_an_unknown_price_reserves_nothing() -> None:
    assert Reserving().estimate(flight(prices=None), WHO) == (0.0, 0.0)


def test_what_others_cost_is_learned() -> None:
    known = Reserving()
    for number, usd in enumerate((0.5, 1.5)):
        known.learn(Spent(id=f"e{number}", at=0.0, usd=usd, who=WHO))
    assert known.estimate(flight(), WHO) == (1.0, 1.5)
    assert known.estimate(flight(), Who(model="m", agent="other")) == (1.0, 1.5)
    for ignored in (Spent(at=0.0, usd=9.0, who=WHO, free=True), Spent(at=0.0, unpriced=1, who=WHO)):
        known.learn(ignored)
    assert known.estimate(flight(), WHO) == (1.0, 1.5)


def test_the_first_one_of_a_model_goes_alone() -> None:
    known, ledger = Reserving(), Ledger()
    ledger.use(Ruleset(rules=(Rule(**file.build("limit", "9/day", {})),)), 0.0)
    for name in ("a", "b"):
        ledger.ask(name, WHO, *known.estimate(flight(), WHO), 0.0)
    assert known.must_learn("b", WHO, ledger)
    known.learn(Spent(id="a", at=0.0, usd=0.1, who=WHO))
    assert not known.must_learn("b", WHO, ledger)


def test_the_model_that_answers() -> None:
    known, asked = Reserving(), flight(model="alias")
    assert known.answering("alias") == "alias"
    asked.routed_model = "gpt-5"
    known.served(asked)
    assert (known.answering("alias"), known.answering(None)) == ("gpt-5", None)


def test_max_tokens() -> None:
    assert max_tokens(b'{"max_tokens": 5, "messages": []}') == 5
    assert max_tokens(b'{"tools":[{"max_tokens":{"type":"integer"}}],"max_tokens":77}') == 77
    assert max_tokens(b'{"text":"\\"max_tokens\\": 3"}') == USUAL_OUTPUT
    assert max_tokens(b'{"max_tokens":9,"pad":"' + b"x" * 50_000 + b'"}') == 9
