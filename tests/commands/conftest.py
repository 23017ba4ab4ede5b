"""A home folder with recorded sessions, written by the store's own sink."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_lens.exchange import (
    Agent,
    Cost,
    Exchange,
    Identity,
    Lane,
    Model,
    Request,
    Response,
    Status,
    Usage,
)
from claude_lens.store.sink import open_sink
from tests.harness.lens import Lens
from tests.store.conftest import make

__all__ = ["make"]

SESSION, OTHER = "11111111-aaaa-4000-8000-000000000001", "22222222-bbbb-4000-8000-000000000002"
T0 = 1_760_000_000.0


def exchange(
    number: int,
    session: str = SESSION,
    agent: Agent | None = None,
    status: Status = "ok",
    usd: float | None = 0.01,
    lane: Lane = "transparent",
) -> Exchange:
    """A complete exchange; ``number`` gives its id and its place in time."""
    prompt = f"prompt of {session[:1]}\x1b[31m"
    body = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": prompt}], "max_tokens": 9}
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": f"answer {number}"}],
    }
    failed = status == "error"
    return Exchange(
        id=f"{number:02x}" + "0" * 30,
        worker="w",
        status=status,
        http_status=529 if failed else 200,
        error="Overloaded" if failed else None,
        lane=lane,
        identity=Identity(session_id=session, project="/home/me/[bold]x", agent=agent or Agent()),
        model=Model(requested="claude-sonnet-4-5", routed="gpt-5" if lane == "translated" else None),
        started_at=T0 + number,
        ttfb_ms=50,
        ttft_ms=80,
        duration_ms=900,
        usage=None if failed else Usage(input_tokens=10, output_tokens=5, cache_read_input_tokens=90),
        cost=Cost(usd=usd),
        stop_reason="end_turn",
        request=Request(body=json.dumps(body).encode(), json=body),
        response=Response(body=json.dumps(answer).encode(), json=answer),
    )


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lens]:
    """Two sessions: one of an hour-long main agent with nested agents and an error, one newer and short."""
    user = Lens(tmp_path_factory.mktemp("recorded"))
    user.home.mkdir(mode=0o700)
    outer = Agent(id="a1", type="Explore", description="look around")
    inner = Agent(id="a2", parent_id="a1", type="custom", name="counter")
    sink = open_sink(user.settings)
    for one in (
        exchange(1),
        exchange(2, agent=outer),
        exchange(3, agent=inner, lane="translated", usd=None),
        exchange(4, agent=outer, status="error", usd=None),
        exchange(5),
        exchange(16, session=OTHER),
    ):
        sink.ended(one)
    sink.flush()
    sink.close()
    yield user
    assert not Path(user.home / "proxy.json").exists()
