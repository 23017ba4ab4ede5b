"""What the terminal shows of a day, and of the files that a session changed."""

from __future__ import annotations

import os.path
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from claude_lens.guard import words
from claude_lens.happened.edits import Change
from claude_lens.happened.states import WORDS, AgentState
from claude_lens.store.happened.listing import Told
from claude_lens.store.happened.today import Loss, Today
from claude_lens.store.numbers.plan import Standing
from claude_lens.terminal.fitting import FittingTable
from claude_lens.terminal.output import printable
from claude_lens.terminal.render import SHORT_ID, cost
from claude_lens.units import duration, money

STYLES: Final = {
    "running": "cyan",
    "waiting": "yellow",
    "finished": "green",
    "failed": "red",
}
_GROUPS: Final = (
    ("running", "running"),
    ("waiting", "waiting for you"),
    ("failed", "failed"),
    ("finished", "finished"),
)
SHOWN: Final = 10
"""Sessions of a group."""


def whole(found: Today, now: float | None = None) -> RenderableType:
    """Everything of a day."""
    now = time.time() if now is None else now
    parts: list[RenderableType] = [Text(_costs(found))]
    parts += [Text(_window(one, now)) for one in found["windows"]]
    nothing = True
    for name, said in _GROUPS:
        rows: list[Told] = found[name]  # type: ignore[literal-required]
        if not rows:
            continue
        nothing = False
        since = "" if name in ("running", "waiting") else f" since {_when(found['since'], now)}"
        parts += [Text(""), Text(f"{said}{since} ({len(rows)})", style=f"bold {STYLES[name]}")]
        parts.append(sessions(rows[:SHOWN], now))
        if len(rows) > SHOWN:
            parts.append(Text(f"and {len(rows) - SHOWN} more: lensctl sessions", style="dim"))
    if nothing:
        since = _when(found["since"], now)
        parts += [Text(""), Text(f"nothing runs, and nothing has ended since {since}; run: claude-lens")]
    if found["losses"]:
        parts += [Text(""), Text("lost today", style="bold"), losses(found["losses"])]
    if found["dearest"]:
        parts += [Text(""), Text("dearest today", style="bold"), sessions(found["dearest"], now)]
    return Group(*parts)


def _costs(found: Today) -> str:
    usual = found["usual_usd"]
    told = "" if usual is None else f", on a usual day {money(usual)}"
    return f"today {money(found['cost_usd'])}{told}"


def _window(one: Standing, now: float) -> str:
    line = f"plan {printable(one['name'])}: {words.amount(one['used'], 'plan')} used"
    if one["resets_at"]:
        line += f", resets {_when(one['resets_at'], now)}"
    if one["full_at"]:
        line += f", at this pace full {_when(one['full_at'], now)}"
    return line


def _when(iso: str, now: float) -> str:
    return words.moment(datetime.fromisoformat(iso).timestamp(), now)


def sessions(rows: Sequence[Told], now: float) -> RenderableType:
    """A line a session: what it does, its title, files changed, what it cost, its id."""
    table = FittingTable(
        ["state", "title"], ["files", "cost", "id"], texts=["state", "title"], spare=["files"]
    )
    table.show_header = False
    for one in rows:
        files = one["files_changed"]
        table.add_row(
            printable(state_line(one["state"], now)) if one["state"] else "-",
            printable(one["title"]) or "-",
            f"{files} file{'' if files == 1 else 's'}" if files else "",
            cost(one["cost_usd"], one["unpriced"]),
            printable(one["id"])[:SHORT_ID],
        )
    return table


def state_line(state: AgentState, now: float) -> str:
    """``running Bash 31 s npm test``: a state in words, with how long it lasts where it is under way."""
    parts = [WORDS[state["kind"]]]
    if state["agent_id"] is not None:
        parts.insert(0, f"{state['agent']}:")
    if state["tool"]:
        parts.append(state["tool"])
    if state["kind"] not in ("done", "idle", "error", "refused"):
        parts.append(duration(max(0.0, now - datetime.fromisoformat(state["since"]).timestamp()) * 1000))
    if state["detail"]:
        parts.append(state["detail"])
    return " ".join(parts)


def losses(found: Sequence[Loss]) -> RenderableType:
    """A line a cause."""
    table = FittingTable(["cause"], ["usd", "time"], texts=["cause"])
    table.show_header = False
    for one in found:
        name = "failed requests and pauses" if one["cause"] == "retries" else f"cache missed: {one['cause']}"
        table.add_row(name, money(one["usd"]) if one["usd"] else "", duration(one["ms"]) if one["ms"] else "")
    return table


def changes_table(found: Sequence[Change], project: str | None) -> RenderableType:
    """A line a file, its path from the project on."""
    table = FittingTable(["file", ""], ["edits", "failed", "+", "-"], texts=["file"])
    for one in found:
        table.add_row(
            printable(below(one["path"], project)),
            "created" if one["created"] else "",
            str(one["edits"]),
            str(one["failed_edits"] or ""),
            str(one["added"]),
            str(one["removed"]),
        )
    return table


def below(path: str, project: str | None) -> str:
    """A path from the project on, where it is in there."""
    if project and path.startswith(project.rstrip("/\\") + os.path.sep):
        return path[len(project.rstrip("/\\")) + 1 :]
    return path
