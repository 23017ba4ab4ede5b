"""What the terminal shows of questions to the store: search hits, numbers, causes, contexts, differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from claude_lens.store.insight.compare import Change, Difference
from claude_lens.store.insight.context import Context
from claude_lens.store.insight.misses import Misses, Total
from claude_lens.store.insight.why import Reason
from claude_lens.store.numbers.limits import Limits
from claude_lens.store.numbers.stats import Numbers, Stats
from claude_lens.store.numbers.tool_stats import ToolNumbers
from claude_lens.store.reading.agents import Node, Tree
from claude_lens.store.reading.search import Hit
from claude_lens.terminal.fitting import FittingTable
from claude_lens.terminal.output import printable
from claude_lens.terminal.render import SHORT_ID, agent_name, cost, tokens
from claude_lens.units import clock, count, duration, money, size

_VERDICTS: Final = {"hit": "green", "partial": "yellow", "miss": "red", "none": "dim", "unknown": "dim"}
_KINDS: Final = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}


def hits(found: Sequence[Hit]) -> RenderableType:
    """Two lines a hit: where it is, and the words with those that were looked for in bold."""
    lines: list[Text] = []
    for hit in found:
        place = [
            clock(hit["started_at"]),
            printable(hit["title"]) or hit["session_id"],
            f"turn {hit['turn']}",
            agent_name(hit["agent"]),
            hit["part"],
            hit["exchange_id"][:SHORT_ID],
        ]
        lines.append(Text(" · ".join(place), style="dim"))
        snippet = Text("  " + printable(hit["snippet"]))
        for start, end in hit["marks"]:
            snippet.stylize("bold yellow", start + 2, end + 2)
        lines.append(snippet)
    return Group(*lines)


def numbers(found: Stats, limits: Limits | None, as_if: str | None) -> RenderableType:
    """A row a group and one of all together; then what a subscription has left."""
    right = ["requests", "errors", "cost", "input", "output", "cache read", "write 5m", "write 1h", "cached"]
    right += ["first token", "p95", "tokens/s"]
    if as_if:
        right.insert(3, f"on {as_if}")
    spare = (
        "write 1h",
        "write 5m",
        "p95",
        "tokens/s",
        "first token",
        "cache read",
        "cached",
        "output",
        "input",
    )
    table = FittingTable([found["by"] or ""], right, texts=[found["by"] or ""], spare=spare)
    for one in found["groups"]:
        table.add_row(*_numbers(one, printable(one["key"]), as_if))
    table.add_row(*_numbers(found["total"], "all", as_if), style="bold")
    parts: list[RenderableType] = [table]
    if found["total"]["unpriced"]:
        parts.append(Text(f"? {found['total']['unpriced']} requests of models without a known price"))
    if limits:
        shown = ", ".join(f"{name} {value}" for name, value in sorted(limits["readings"].items()))
        parts.append(Text(printable(f"plan limits at {clock(limits['read_at'])}: {shown}")))
    return Group(*parts)


def _numbers(one: Numbers, name: str, as_if: str | None) -> list[str]:
    share = one["cache_share"]
    cells = [name, str(one["requests"]), str(one["errors"]), cost(one["cost_usd"], one["unpriced"])]
    if as_if:
        cells.append(money(one["as_if_usd"]))
    return [
        *cells,
        count(one["input_tokens"]),
        count(one["output_tokens"]),
        count(one["cache_read_input_tokens"]),
        count(one["cache_creation_5m_input_tokens"]),
        count(one["cache_creation_1h_input_tokens"]),
        "-" if share is None else f"{100 * share:.0f} %",
        duration(one["ttft_ms_p50"]),
        duration(one["ttft_ms_p95"]),
        count(one["speed_p50"]),
    ]


def tool_table(found: Sequence[ToolNumbers]) -> Table:
    """A row a tool."""
    table = FittingTable(
        ["tool"],
        ("calls", "results", "errors", "median", "p95", "in all", "tokens of results"),
        texts=["tool"],
        spare=("in all", "p95", "results", "tokens of results"),
    )
    for one in found:
        table.add_row(
            printable(one["tool"]),
            str(one["calls"]),
            str(one["results"]),
            str(one["errors"]),
            duration(one["duration_ms_p50"]),
            duration(one["duration_ms_p95"]),
            duration(one["duration_ms_sum"] or None),
            count(one["result_tokens"]),
        )
    return table


def agent_table(tree: Tree) -> Table:
    """A row an agent, those below another indented; costs include what an agent spawned in brackets."""
    table = FittingTable(
        ("agent", "tools"),
        ("requests", "tokens", "cost", "with its agents", "time"),
        texts=("agent", "tools"),
        spare=("tools", "with its agents", "time", "tokens"),
    )

    def add(node: Node, depth: int) -> None:
        name = "  " * depth + agent_name(node)
        description = printable(node["description"])
        tools = ", ".join(f"{printable(tool)} {number}" for tool, number in node["tools"].items())
        table.add_row(
            Text(f"{name} {description}".rstrip()),
            Text(tools or "-"),
            str(node["exchanges"]),
            tokens(node["usage"]),
            cost(node["cost_usd"], node["unpriced"]),
            money(node["total_cost_usd"]) if node["agents"] else "",
            duration(node["duration_ms"]) if node["ended_at"] else "running",
        )
        for below in node["agents"]:
            add(below, depth + 1)

    for root in tree["agents"]:
        add(root, 0)
    return table


def reasons(found: Sequence[Reason], *, details: bool, hits: bool) -> RenderableType:
    """A row a request; with ``details`` also the first differences. Without ``hits`` only what went wrong."""
    shown = [one for one in found if hits or one["verdict"] in ("partial", "miss")]
    missed = [one for one in found if one["verdict"] in ("partial", "miss")]
    known = [one["cost_usd"] for one in missed if one["cost_usd"] is not None]
    lines: list[RenderableType] = [_Reasons(shown)] if shown else []
    if details and found:
        lines += [Text("")] * bool(found[0]["diff"]) + _changes(found[0]["diff"])
    else:
        lines.append(
            Text(f"{len(missed)} of {len(found)} requests missed the cache; {money(sum(known))} more")
        )
    return Group(*lines)


class _Reasons:
    """A row a request; where the reason has no room in it, it stands whole in lines of its own below."""

    def __init__(self, shown: Sequence[Reason]) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = self._table(reason=True)
        if whole.__rich_measure__(console, options.update_width(1 << 20)).maximum <= options.max_width:
            yield whole
            return
        head, *rows = console.render_lines(self._table(reason=False), options, pad=False)
        yield from (*head, Segment.line())
        for row, one in zip(rows, self._shown, strict=True):
            yield from (*row, Segment.line())
            yield Padding(Text(_because(one)), (0, 0, 0, 2), expand=False)

    def _table(self, *, reason: bool) -> FittingTable:
        last = ("because",) if reason else ()
        table = FittingTable(
            ("time", "exchange", "agent", "cache", *last),
            ("read", "missed", "cost"),
            texts=("agent", *last),
            spare=("read", "agent"),
        )
        for one in self._shown:
            missed = one["verdict"] in ("partial", "miss")
            table.add_row(
                clock(one["started_at"])[11:],
                one["exchange_id"][:SHORT_ID],
                Text(agent_name(one["agent"])),
                Text(one["verdict"], style=_VERDICTS[one["verdict"]]),
                *([Text(_because(one))] if reason else []),
                count(one["read_tokens"]),
                count(one["missed_tokens"]) if missed else "-",
                money(one["cost_usd"]) if missed else "-",
            )
        return table


def _because(one: Reason) -> str:
    return printable(f"{one['cause']}: {one['text']}" if one["cause"] else one["text"])


def misses(found: Misses) -> RenderableType:
    """A row a cause, the dearest first; then the sessions that cost most."""
    if not found["requests"]:
        return Text("no request was recorded in this range")
    told = f"{found['misses']} of {found['requests']} requests missed the cache"
    lines: list[RenderableType] = []
    if found["causes"]:
        table = FittingTable(("because",), ("misses", "missed", "cost"))
        for one in found["causes"]:
            row = (str(one["misses"]), count(one["missed_tokens"]), _cost(one))
            table.add_row(Text(one["cause"]), *row)
        dearest = FittingTable(("session", "title"), ("misses", "missed", "cost"), texts=("title",))
        for each in found["sessions"]:
            row = (str(each["misses"]), count(each["missed_tokens"]), _cost(each))
            dearest.add_row(each["session_id"][:SHORT_ID], Text(printable(each["title"] or "")), *row)
        lines = [table, Text(""), dearest]
        told += f"; {_cost(found)} more"
    return Group(*lines, Text(told))


def _cost(total: Total) -> str:
    """Dollars; with a sign that there are misses without a known price."""
    return money(total["cost_usd"]) + ("+?" if total["unpriced"] and total["cost_usd"] is not None else "")


def context_table(found: Context, limit: int) -> RenderableType:
    """A row an item, largest first; then each MCP server's tools together."""
    table = FittingTable(
        ("what", "name", "file"),
        ("tokens", "share", "count", "size"),
        texts=("name", "file"),
        spare=("size", "count", "file"),
    )
    for item in found["items"][:limit]:
        share = 100 * item["tokens"] / found["tokens"] if found["tokens"] else 0
        table.add_row(
            item["kind"],
            printable(item["name"]),
            printable(item["file"]),
            f"{item['tokens']:,}",
            f"{share:.1f} %",
            str(item["count"]),
            size(item["bytes"]),
        )
    rest = found["items"][limit:]
    if rest:
        table.add_row("others", "", "", f"{sum(item['tokens'] for item in rest):,}", "", str(len(rest)), "")
    source = "as the provider counted" if found["counted"] else "estimated"
    table.add_row("all", source, "", f"{found['tokens']:,}", "", "", "", style="bold")
    servers = [
        Text(printable(f"MCP server {name}: {number:,} tokens")) for name, number in found["servers"].items()
    ]
    return Group(table, *servers)


def difference(found: Difference) -> RenderableType:
    """Parameters, then elements, with their lines in red and green."""
    same = ", ".join(f"{number} {name}" for name, number in found["same"].items())
    lines = [Text(f"{found['a'][:SHORT_ID]} → {found['b'][:SHORT_ID]}; the same at the beginning: {same}")]
    for name, (before, after) in found["params"].items():
        lines.append(Text(printable(f"{name}: {_short(before)} → {_short(after)}"), style="yellow"))
    return Group(*lines, *_changes(found["changes"]))


def _changes(changes: Sequence[Change]) -> list[Text]:
    lines = []
    for one in changes:
        head = f"{one['part']} {one['index']} {one['kind']}: {one['name']}"
        lines.append(Text(printable(head), style=_KINDS[one["kind"]]))
        for line in one["diff"]:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            lines.append(Text("  " + printable(line), style=style))
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:99] + "…"


def plan_shares(shares: Mapping[str, Mapping[str, float]], by: str) -> RenderableType:
    """The parts of the plan's windows by group, the largest of the week first."""
    table = Table(f"plan by {by}", box=None, pad_edge=False)
    for name in ("5h", "7d"):
        table.add_column(name, justify="right")
    rows = sorted(shares.items(), key=lambda one: (-one[1].get("7d", 0.0), -one[1].get("5h", 0.0), one[0]))
    for value, parts in rows:
        cells = (f"{100 * parts[name]:.3g} %" if name in parts else "-" for name in ("5h", "7d"))
        table.add_row(printable(value) or "-", *cells)
    return table
