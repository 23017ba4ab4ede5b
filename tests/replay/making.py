"""Recorded requests made by hand."""

from __future__ import annotations

from typing import Any

from claude_lens.messages.helpers import MAIN
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.record import Recorded
from tests.replay.test_comparing import body, user

COMPARING = Comparing()


def recorded(
    order: int, *said: str, agent: str | None = None, line: str | None = None, **more: Any
) -> Recorded:
    """A request that says this; ``line`` for a helper. It starts at its order, and takes half a second."""
    values: dict[str, Any] = {
        "id": f"{order:032x}",
        "order": order,
        "agent": agent,
        "line": line or agent or MAIN,
        "turn": None if line else order + 1,
        "model": "m",
        "status": "ok",
        "started_at": float(order),
        "ended_at": order + 0.5,
        "ttft_ms": 100.0,
        "duration_ms": 500.0,
        "comparable": COMPARING.of(body(*map(user, said))),
    }
    return Recorded(**{**values, **more})
