"""Sessions and exchanges as a terminal shows them: tables, and the tree of a session's agents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from claude_lens.store.parts import Part
from claude_lens.store.reading.forms import AgentTotals, Exchange, Session, Summary, Usage
from claude_lens.terminal.fitting import FittingTable
from claude_lens.terminal.output import STATUS_STYLES, printable
from claude_lens.units import cache_share, clock, count, duration, money

SHORT_ID = 16
"""Characters of an exchange's id that are shown: 12 of time and 4 of chance."""


def tokens(usage: Usage | Mapping[str, int] | None) -> str:
    """``12.3k in, 450 out``; the prompt includes what came from and went into the cache."""
    if not usage:
        return "no tokens"
    prompt = usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    return f"{count(prompt)} in, {count(usage['output_tokens'])} out"


def cost(usd: float | None, unpriced: int = 0) -> str:
    """The known cost, ``+ ?`` where some of it is unknown."""
    return money(usd) + (" + ?" if unpriced and usd is not None else "")


def session_table(sessions: Sequence[Session]) -> Table:
    """One line a session."""
    tagged = any(one["tags"] for one in sessions)
    table = FittingTable(
        ("session", "started", "title", *(["tags"] if tagged else []), "project"),
        ("requests", "agents", "tokens", "cached", "cost"),
        texts=("title", "tags", "project"),
        spare=("cached", "agents", "tokens", "requests", "project", "tags"),
        ids=("session",),
    )
    for one in sessions:
        live = "" if one["ended_at"] else " ●"
        table.add_row(
            Text(one["id"]),
            clock(one["started_at"]) + live,
            Text(printable(one["title"]) or "-"),
            *([Text(printable(", ".join(one["tags"])))] if tagged else []),
            Text(printable(one["project"]) or "-"),
            str(one["exchanges"]),
            str(one["agents"]),
            tokens(one["usage"]),
            cache_share(one["usage"]),
            cost(one["cost_usd"], one["unpriced"]),
        )
    return table


def exchange_table(exchanges: Sequence[Summary]) -> Table:
    """One line an exchange, newest last."""
    table = FittingTable(
        ("time", "exchange", "agent", "model", "status"),
        ("tokens", "cached", "cost", "first token", "total"),
        texts=("agent", "model"),
        spare=("first token", "cached", "total", "tokens", "cost", "agent"),
    )
    for one in exchanges:
        table.add_row(
            clock(one["started_at"])[11:],
            one["id"][:SHORT_ID],
            Text(agent_name(one["agent"])),
            Text(model(one)),
            status(one),
            tokens(one["usage"]),
            cache_share(one["usage"]),
            cost(one["cost_usd"]),
            duration(one["ttft_ms"]),
            duration(one["duration_ms"]),
        )
    return table


def session_tree(
    session: Session, agents: Sequence[AgentTotals], exchanges: Sequence[Summary]
) -> RenderableType:
    """A session's agents, nested as they spawned one another, with their exchanges in order of time."""
    root = Tree(_heading(session))
    known = {agent["id"] for agent in agents}
    below: dict[str | None, list[tuple[str, AgentTotals | Summary]]] = {}
    for exchange in exchanges:
        below.setdefault(exchange["agent"]["id"], []).append((exchange["started_at"], exchange))
    for agent in agents:
        if agent["id"] is not None:
            parent = agent["parent_id"] if agent["parent_id"] in known else None
            below.setdefault(parent, []).append((agent["started_at"], agent))
    _grow(root, None, below, set())
    return root


def exchange_view(exchange: Exchange) -> RenderableType:
    """One exchange: its facts, then the request and the answer as indented JSON."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _facts(exchange):
        facts.add_row(Text(name, style="bold"), value if isinstance(value, Text) else Text(printable(value)))
    response = exchange["response"]
    return Group(
        facts,
        Text("\nrequest", style="bold"),
        _body(exchange["request"]["body"]),
        Text("\nresponse", style="bold"),
        _body(response["body"] if response else None),
    )


def model(exchange: Summary) -> str:
    """The model asked for, and the one that answered where that is another."""
    names = exchange["model"]
    requested, routed = names["requested"] or "-", names["routed"]
    return printable(requested if routed in (None, requested) else f"{requested} → {routed}")


def agent_name(agent: Mapping[str, Any]) -> str:
    """What people call an agent: its name, else its type, else ``main``."""
    return printable(agent["name"] or agent["type"] or ("main" if agent["id"] is None else agent["id"]))


def status(exchange: Summary) -> Text:
    """The status, with the HTTP status where it is an error."""
    word, code = exchange["status"], exchange["http_status"]
    shown = f"{word} {code}" if word == "error" and code else word
    return Text(shown, style=STATUS_STYLES.get(word, ""))


def _heading(session: Session) -> Text:
    title = Text(printable(session["title"]) or "(no title)", style="bold")
    lasted = _seconds_between(session["started_at"], session["ended_at"])
    place = [f"session {session['id']}", clock(session["started_at"]), printable(session["project"])]
    facts = [
        f"{session['exchanges']} requests",
        tokens(session["usage"]),
        f"{cache_share(session['usage'])} cached",
        cost(session["cost_usd"], session["unpriced"]),
        duration(lasted) if lasted is not None else "running",
    ]
    tags = [f"tags: {printable(', '.join(session['tags']))}"] if session["tags"] else []
    for line in (place, facts, tags) if tags else (place, facts):
        title.append("\n" + " · ".join(fact for fact in line if fact), style="not bold")
    return title


def _grow(
    tree: Tree,
    agent: str | None,
    below: Mapping[str | None, Sequence[tuple[str, AgentTotals | Summary]]],
    path: set[str | None],
) -> None:
    if agent in path:
        return
    for _, item in sorted(below.get(agent, ()), key=lambda entry: entry[0]):
        if "lane" in item:
            tree.add(_line(item))
        else:
            branch = tree.add(_agent_line(item))
            _grow(branch, item["id"], below, path | {agent})


def _line(exchange: Any) -> Text:
    parts = [
        clock(exchange["started_at"])[11:],
        model(exchange),
        tokens(exchange["usage"]),
        f"{cache_share(exchange['usage'])} cached",
        cost(exchange["cost_usd"]),
        duration(exchange["duration_ms"]),
        exchange["lane"],
        exchange["request_class"] or "",
        exchange["id"][:SHORT_ID],
    ]
    return status(exchange).append("  " + "  ".join(part for part in parts if part), style="default")


def _agent_line(agent: Any) -> Text:
    line = Text(agent_name(agent), style="bold")
    description = printable(agent["description"])
    price = cost(agent["cost_usd"], agent["unpriced"])
    facts = f"{agent['exchanges']} requests · {tokens(agent['usage'])} · {price}"
    return line.append(f" {description}" if description else "", style="italic").append(
        f" · {facts}", style="default"
    )


def _facts(exchange: Exchange) -> list[tuple[str, str | Text]]:
    answered = f"{exchange['model']['provider'] or '-'}, {exchange['lane']}"
    return [
        ("exchange", exchange["id"]),
        ("session", exchange["session_id"]),
        ("agent", f"{agent_name(exchange['agent'])} (known by: {exchange['route']['evidence']})"),
        ("class", _class(exchange)),
        ("started", clock(exchange["started_at"])),
        ("model", model(exchange)),
        ("answered by", answered),
        ("lane because", exchange["route"]["lane_reason"] or "nothing speaks against the transparent one"),
        *([("rule", rule)] if (rule := exchange["route"]["rule"]) else []),
        *([("adapted", ", ".join(adapted))] if (adapted := exchange["route"]["adapted"]) else []),
        ("status", status(exchange)),
        ("error", exchange["error"] or "-"),
        ("tokens", f"{tokens(exchange['usage'])}, {cache_share(exchange['usage'])} cached"),
        ("cost", cost(exchange["cost_usd"])),
        *((f"  {part['kind']}", _part(part)) for part in exchange["cost_parts"]),
        ("first byte", duration(exchange["ttfb_ms"])),
        ("first token", duration(exchange["ttft_ms"])),
        ("total", duration(exchange["duration_ms"])),
        ("stop reason", exchange["stop_reason"] or "-"),
        ("request id", exchange["request_id"] or "-"),
    ]


def _class(exchange: Exchange) -> str:
    inferred = " (inferred: the client names none)" if exchange["route"]["class_inferred"] else ""
    return f"{printable(exchange['request_class'] or '-')}{inferred}"


def _part(part: Part) -> str:
    used = {name: value for name, value in part.items() if isinstance(value, int)}
    return f"{money(part['cost_usd'])} of it: {part['model']}, {tokens(used)}"


def _body(body: Any) -> Text:
    if body is None:
        return Text("(none)")
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    return Text("\n".join(printable(line) for line in text.splitlines()))


def _seconds_between(start: str, end: str | None) -> float | None:
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000
