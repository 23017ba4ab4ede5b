"""What the recorder tells the guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response
from claude_lens.guard.events import Reading, from_json
from claude_lens.guard.rules import Who
from claude_lens.recorder.priced import before, spent_of
from claude_lens.settings import load
from claude_lens.store.sink import StoreSink

IDENTITY = Identity(
    session_id="s",
    user_id="u",
    key_alias="ann",
    project="/p",
    request_class="subagent",
    agent=Agent(id="a1", parent_id="a0", type="custom", name="x", evidence="spawn"),
)
EXCHANGE = Exchange(
    id="e1",
    status="ok",
    identity=IDENTITY,
    model=Model(requested="asked", routed="served"),
    started_at=5.0,
    cost=Cost(usd=0.25),
)
TITLE = {"messages": [{"role": "user", "content": "Please write a 5-10 word title"}]}


def test_an_exchange() -> None:
    spent = spent_of(EXCHANGE)
    assert (spent.id, spent.at, spent.usd, spent.unpriced, spent.free, spent.refused) == (
        "e1",
        5.0,
        0.25,
        0,
        False,
        None,
    )
    assert spent.who == Who(
        session="s",
        agent="x",
        agent_id="a1",
        parent_id="a0",
        project="/p",
        model="served",
        user="ann",
        account="u",
    )


def change(**fields: object) -> Exchange:
    from dataclasses import replace

    return replace(EXCHANGE, **fields)  # type: ignore[arg-type]


def test_others() -> None:
    assert spent_of(change(cost=Cost())).unpriced == 1
    assert spent_of(change(endpoint="/v1/messages/count_tokens")).free
    assert spent_of(change(request=Request(json=TITLE))).free
    assert spent_of(change(status="refused", model=Model(rule="depth"))).refused == "depth"
    headers = (("anthropic-ratelimit-unified-5h-utilization", "0.5"),)
    assert spent_of(change(response=Response(headers=headers))).readings == (
        Reading(account="u", name="5h", used=0.5, at=5.0),
    )


def test_what_was_before(tmp_path: Path) -> None:
    import time

    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    assert list(before(settings, stored=False)) == [{"spent": [], "complete": True, "fault": None}]
    sink = StoreSink(settings.database_url)
    sink.writer.open()
    sink.ended(change(started_at=time.time()))
    sink.flush()
    sink.close()
    told = list(before(settings, stored=True))
    assert told[-1] == {"spent": [], "complete": True, "fault": None}
    (spent,) = (from_json(one) for piece in told for one in piece["spent"])
    assert (spent.id, spent.usd, spent.who) == ("e1", 0.25, spent_of(EXCHANGE).who)


def test_a_database_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "lens.db").write_text("no database " * 1000)
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    last = list(before(settings, stored=True))[-1]
    assert last["complete"] is True
    assert last["fault"]


@pytest.mark.parametrize("status", ["cancelled", "interrupted", "error"])
def test_every_end_counts(status: str) -> None:
    assert spent_of(change(status=status)).requests == 1
