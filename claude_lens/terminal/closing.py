"""Four lines on a session, for its end: what it took, what it cost, what failed, where to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from claude_lens.store.numbers.tool_stats import ToolNumbers, tools
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.forms import AgentTotals, Session
from claude_lens.store.reading.queries import Reader
from claude_lens.terminal.output import printable
from claude_lens.terminal.render import agent_name, cost
from claude_lens.units import cache_share, count, duration

SHORT_ID = 8
SHOWN = 4


class AgentCost(TypedDict):
    """What the agents of one name cost together; None where no price is known."""

    agent: str
    agents: int
    cost_usd: float | None


class Closing(TypedDict):
    """A session in short. ``tools`` are those that were called, most first."""

    session: Session
    agents: list[AgentCost]
    tools: list[ToolNumbers]


def closing(reader: Reader, session: str) -> Closing:
    """Of a session by a unique prefix of its id, or ``last``. Raises :class:`NotFound`."""
    found = reader.session(session)
    with reader.connect() as connection:
        used = [one for one in tools(connection, Filter(session=found["id"])) if one["calls"]]
    return {"session": found, "agents": by_name(reader.agents(found["id"])), "tools": used}


def by_name(agents: Sequence[AgentTotals]) -> list[AgentCost]:
    """Agents of one name as one row, the main agent first, then the dearest."""
    rows: dict[str, AgentCost] = {}
    for one in agents:
        row = rows.setdefault(agent_name(one), {"agent": agent_name(one), "agents": 0, "cost_usd": None})
        row["agents"] += 1
        if one["cost_usd"] is not None:
            row["cost_usd"] = (row["cost_usd"] or 0.0) + one["cost_usd"]
    return sorted(rows.values(), key=lambda row: (row["agent"] != "main", -(row["cost_usd"] or 0.0)))


def lines(told: Closing, lasted_ms: float | None) -> list[str]:
    """The four lines, plain text."""
    session, usage = told["session"], told["session"]["usage"]
    read = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    agents = sum(row["agents"] for row in told["agents"])
    short = session["id"][:SHORT_ID]
    whole = cost(session["cost_usd"], session["unpriced"])
    return [
        f"{_of(session['exchanges'], 'request')} of {_of(agents, 'agent')} in {duration(lasted_ms)}: "
        f"{count(read)} tokens in ({cache_share(usage)} from the cache), {count(usage['output_tokens'])} out",
        f"{whole}: {_first([_priced(row) for row in told['agents']])}",
        _tools(told["tools"]),
        f"look: lensctl open {short} (in the browser), lensctl show {short}",
    ]


def _tools(used: Sequence[ToolNumbers]) -> str:
    calls = sum(one["calls"] for one in used)
    if not calls:
        return "no tool was called"
    failed = [f"{printable(one['tool'])} {one['errors']}" for one in used if one["errors"]]
    errors = sum(one["errors"] for one in used)
    return f"{_of(calls, 'tool call')}, {f'{errors} failed: {_first(failed)}' if failed else 'none failed'}"


def _priced(row: AgentCost) -> str:
    several = f" ({row['agents']})" if row["agents"] != 1 else ""
    return f"{row['agent']}{several} {cost(row['cost_usd'])}"


def _first(texts: Sequence[str]) -> str:
    more = f", {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def _of(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
