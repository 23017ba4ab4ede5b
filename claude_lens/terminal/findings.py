"""What the terminal shows of waste: a finding in a few lines, and what became of those that were accepted."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from claude_lens.findings.look import Finding, Waste
from claude_lens.findings.report import Outcome, Side
from claude_lens.terminal.output import printable
from claude_lens.terminal.render import SHORT_ID
from claude_lens.units import clock, duration, money

_SHOWN = 3
_EFFECTS = {"gone": "green", "less": "green", "no effect": "yellow", "too early": "dim"}


def findings(found: Waste) -> RenderableType:
    """The dearest first, then the sum."""
    parts: list[RenderableType] = []
    for one in found["findings"]:
        parts += [*_finding(one), Text("")]
    where = f"{found['sessions']:,} session" + ("" if found["sessions"] == 1 else "s")
    if not found["sessions"]:
        parts.append(Text("no session was recorded in this range"))
    elif not found["findings"]:
        parts.append(Text(f"no waste worth telling in {where}, which cost {money(found['cost_usd'])}"))
    else:
        share = 100 * found["total_usd"] / found["cost_usd"] if found["cost_usd"] else 0.0
        spent = f"{money(found['total_usd'])} of {money(found['cost_usd'])} ({share:.0f} %)"
        parts.append(Text(f"{spent} in {where}"))
        parts.append(Text("lensctl waste accept ID notes that you do something about one", style="dim"))
    return Group(*parts)


def _finding(one: Finding) -> list[RenderableType]:
    head = Text.assemble(
        (money(one["usd"]) if one["usd"] else duration(one["ms"]), "bold"),
        "  ",
        ("measured" if one["measured"] else "estimated", "green" if one["measured"] else "yellow"),
        "  ",
        (one["id"], "cyan"),
    )
    if one["accepted_at"]:
        head.append(f"  accepted {clock(one['accepted_at'])[:10]}", style="dim")
    lines: list[RenderableType] = [head, _below(one["sentence"])]
    if one["project"]:
        lines.append(_below(f"in {one['project']}", "dim"))
    lines.append(_below(f"→ {one['remedy']}", "bold"))
    shown = " ".join(ident[:SHORT_ID] for ident in one["evidence"][:_SHOWN])
    more = len(one["evidence"]) - _SHOWN
    lines.append(_below(f"see {shown}" + (f" and {more} more" if more > 0 else ""), "dim"))
    return lines


def _below(words: str, style: str = "") -> Padding:
    return Padding(Text(printable(words), style=style), (0, 0, 0, 2), expand=False)


def outcomes(found: Sequence[Outcome]) -> RenderableType:
    """Before and after, per session."""
    parts: list[RenderableType] = []
    for one in found:
        effect = {"less": "less than before"}.get(one["effect"], one["effect"])
        head = Text.assemble((effect, _EFFECTS[one["effect"]]), "  ", (one["id"], "cyan"))
        head.append(f"  accepted {clock(one['accepted_at'])[:16]}", style="dim")
        parts += [head, _below(one["sentence"])]
        parts += [_below(f"before: {_side(one['before'])}"), _below(f"after:  {_side(one['after'])}")]
        if one["saved_usd"]:
            parts.append(_below(f"saved about {money(one['saved_usd'])} since", "green"))
        parts.append(Text(""))
    return Group(*parts[:-1])


def _side(side: Side) -> str:
    sessions = f"{side['sessions']:,} session" + ("" if side["sessions"] == 1 else "s")
    if side["per_session_usd"] is None:
        return "no session"
    times = f"{side['count']:,} time" + ("" if side["count"] == 1 else "s")
    waited = f", {duration(side['ms'])}" if side["ms"] and not side["usd"] else ""
    return f"{times} in {sessions}, {money(side['usd'])}{waited}; {money(side['per_session_usd'])} a session"
