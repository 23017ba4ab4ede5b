"""What people read: the sentence of a refusal, amounts, windows."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from claude_lens.guard.ledger import Ledger, Notice, Verdict
from claude_lens.guard.rules import MAIN, Rule, Who

_FOR: Final = {"hour": "this hour", "day": "today", "week": "this week", "month": "this month"}


def amount(value: float, unit: str) -> str:
    """``$2.00``, ``200 requests``, ``62 %``."""
    if unit == "usd":
        return f"${value:,.2f}" if value < 5e-7 or value >= 0.01 else f"${value:.6f}".rstrip("0").rstrip(".")
    return f"{100 * value:.3g} %" if unit == "plan" else f"{value:,.0f}"


def moment(at: float | None, now: float) -> str:
    """A local time; the day only where it is another."""
    if at is None:
        return ""
    here, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    return f"{here:%H:%M}" if here.date() == today.date() else f"{here:%Y-%m-%d %H:%M}"


def refusal(verdict: Verdict, who: Who, now: float) -> str:
    """One sentence: who, spent, of what, until when, and how to lift it."""
    rule = verdict.rule
    assert rule is not None
    session = f" --session {shlex.quote(who.session)}" if rule.by_session and who.session else ""
    lift = f"`lensctl guard allow {shlex.quote(rule.id)}{session}` lifts it once"
    until = f", until {moment(verdict.until, now)}" if verdict.until else ""
    return f"claude-lens guard: {_subject(rule, who)} {_spent(rule, verdict)}{until}; {lift}"


def _subject(rule: Rule, who: Who) -> str:
    named = [f"{name} {value}" for name, value in rule.scope.items() if name not in ("agent", "session")]
    if rule.kind == "agents":
        return "this session"
    if rule.kind == "depth":
        return _agent(who)
    if rule.kind == "plan":
        return f"account {rule.scope['account']}" if rule.scope.get("account", "*") != "*" else "the plan"
    parts = [_agent(who)] if "agent" in rule.scope else []
    parts += named or ([] if parts else ["this session" if rule.by_session else "everything together"])
    return " in ".join(parts)


def _agent(who: Who) -> str:
    return "the main agent" if who.agent == MAIN else who.agent or "this agent"


def _spent(rule: Rule, verdict: Verdict) -> str:
    if rule.kind == "agents":
        return f"has had {verdict.spent:.0f} of {verdict.limit:.0f} agents"
    if rule.kind == "depth":
        return f"is nested {verdict.spent:.0f} deep, of {verdict.limit:.0f} allowed"
    if rule.kind == "plan":
        used, most = amount(verdict.spent, "plan"), amount(verdict.limit, "plan")
        return f"has used {used} of its {rule.plan} window, of {most} allowed"
    span = _FOR[rule.window] if rule.window else "this session" if "agent" in rule.scope else "all its life"
    spent, limit = amount(verdict.spent, rule.unit), amount(verdict.limit, rule.unit)
    if rule.kind == "requests":
        return f"has made {spent} of {limit} requests for {span}"
    return f"has spent {spent} of {limit} for {span}"


def overview(ledger: Ledger, now: float, who: Who | None = None) -> list[dict[str, Any]]:
    """Every rule, or those that apply to ``who``, as JSON; times in seconds since the epoch.

    What ``who`` does not say is no reason to leave a rule out.
    """
    if who is None:
        return [row(ledger, rule, now) for rule in ledger.set.rules]
    return [row(ledger, rule, now, who.session) for rule in ledger.set.rules if _may_apply(rule, who)]


def session_line(ledger: Ledger, session: str, now: float) -> dict[str, Any]:
    """What a status line wants to know of a session: its cost, the limits used most, the plan's windows."""
    who = Who(session=session, project=ledger.sessions.project_of(session))
    rows = [
        (found["spent"] / rule.limit if rule.limit else 1.0, rule, found)
        for rule in ledger.set.rules
        if rule.kind in ("usd", "requests") and _may_apply(rule, who)
        if (found := row(ledger, rule, now, session))["spent"] > 0
    ]
    rows.sort(key=lambda one: -one[0])
    limits = [
        {"name": _short(rule), "spent": found["spent"], "limit": found["limit"], "unit": rule.unit}
        for _, rule, found in rows[:2]
    ]
    plan = [
        {"name": one.name, "used": one.used, "gained": gained}
        for one, gained in ledger.sessions.gained(session, ledger.readings(now))
        if one.name in ("5h", "7d")
    ]
    return {"cost_usd": ledger.sessions.usd(session), "limits": limits, "plan": plan}


def _short(rule: Rule) -> str:
    return (
        rule.scope.get("agent")
        or rule.scope.get("model")
        or rule.scope.get("user")
        or rule.id.partition(":")[0]
    )


def _may_apply(rule: Rule, who: Who) -> bool:
    told = {name: value for name, value in rule.scope.items() if getattr(who, name) is not None}
    return replace(rule, scope=told).applies(who)


def row(ledger: Ledger, rule: Rule, now: float, session: str | None = None) -> dict[str, Any]:
    """One rule as JSON, with ``unpriced`` and ``warned`` for people."""
    spent, reserved, limit, resets, begin, unpriced = 0.0, 0.0, rule.limit, None, 0.0, 0
    if rule.kind == "plan":
        reading = ledger.plan_reading(rule, now)
        spent, resets = (reading.used, reading.resets_at) if reading else (0.0, None)
    elif rule.kind in ("agents", "depth"):
        spent = float(ledger.sessions.agents(session)[rule.kind == "depth"])
    else:
        tally = ledger.fullest(rule, now, session)
        spent, reserved, resets, begin = tally.spent, tally.reserved, tally.end, tally.begin
        limit, unpriced = tally.limit, tally.unpriced
    limit = rule.limit if limit == float("inf") else limit
    stopped = ledger.stops(rule, begin)
    return {
        "id": rule.id,
        "scope": rule.shown_scope,
        "limit": limit,
        "unit": rule.unit,
        "window": rule.plan or rule.window,
        "spent": spent,
        "reserved": reserved,
        "left": max(limit - spent, 0.0),
        "resets_at": resets,
        "mode": rule.mode,
        "stopped": stopped,
        "unpriced": unpriced,
        "warned": spent >= ledger.set.warn_at * limit,
        "source": rule.source,
    }


def warning(told: Mapping[str, Any]) -> str:
    """One line for the log."""
    spent, limit = (amount(told[name], told["unit"]) for name in ("spent", "limit"))
    what = (
        "is used up"
        if told["event"] == "stop"
        else "is nearly used up"
        if told["spent"] < told["limit"]
        else "is passed"
    )
    return f"{told['rule']} {what}: {spent} of {limit}"


def notice(told: Notice) -> Mapping[str, Any]:
    """What a command or webhook gets."""
    return {
        "event": told.event,
        "rule": told.rule.id,
        "scope": told.rule.shown_scope,
        "session_id": told.session,
        "spent": told.spent,
        "limit": told.limit,
        "unit": told.rule.unit,
        "window": told.rule.plan or told.rule.window,
        "mode": told.rule.mode,
        "at": told.at,
    }
