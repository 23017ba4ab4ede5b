"""``lensctl guard``: ceilings for agents, sessions, projects, models, users and the plan."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from claude_lens import settings as setting_table
from claude_lens.errors import NotFound, UserError
from claude_lens.guard import amounts, edit, file, words
from claude_lens.guard.rules import EACH, SCOPES, Rule
from claude_lens.proxy import limits, supervisor
from claude_lens.settings import Settings, is_loopback
from claude_lens.store.reading.forms import iso
from claude_lens.terminal.output import console, json_option, print_json, printable

SHOWN = (
    "id",
    "scope",
    "limit",
    "unit",
    "window",
    "spent",
    "reserved",
    "left",
    "resets_at",
    "mode",
    "stopped",
)
EXAMPLE = "lensctl guard set --agent code-reviewer 2/day"
project_option = click.option("--project", metavar="DIR", help="Clients that run in this folder or below it.")
model_option = click.option("--model", metavar="NAME", help="Models whose name contains this (or a pattern).")
agent_option = click.option("--agent", metavar="NAME", help="An agent by name, main, or a pattern.")
user_option = click.option("--user", metavar="NAME", help="The alias of a virtual key.")
account_option = click.option("--account", metavar="UUID", help="An account of claude.ai.")


@click.group(name="guard", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List limits: what is spent and left of each, and who was stopped.

    Limits are in guard.yaml in CLAUDE_LENS_HOME, and under `claude_lens: guard:` of the configuration. A
    request beyond a limit is refused with a sentence that says so; the agent that asked ends, others go on.
    """
    if context.invoked_subcommand is None:
        _show(limits.gather(setting_table.load()), as_json)


@command.command("set")
@click.argument("amount", required=False)
@agent_option
@click.option(
    "--session", metavar="AMOUNT|ID", help="Dollars for each session; with an AMOUNT: that session."
)
@project_option
@model_option
@user_option
@account_option
@click.option("--requests", metavar="N/WINDOW", help="A number of requests instead of dollars: 200/hour.")
@click.option("--agents-per-session", metavar="N", help="So many subagents in a session.")
@click.option("--depth", metavar="N", help="Subagents of subagents, so many levels deep.")
@click.option("--plan", metavar="WINDOW:SHARE", help="A share of the plan's window: 5h:80% or 7d:90%.")
@click.option("--mode", type=click.Choice(["stop", "warn"]), help="warn: never stop, only tell.")
def set_(
    amount: str | None,
    session: str | None,
    requests: str | None,
    agents_per_session: str | None,
    depth: str | None,
    plan: str | None,
    mode: str | None,
    **scope: str | None,
) -> None:
    """Set a limit, or change it. AMOUNT is in dollars: 2/day, 50/week, 30/month, 5/hour, or 15.

    Days, weeks (from Monday on) and months are local; without a window a limit is for each session's life.
    It holds at once, without a restart, and counts what was spent before.
    """
    settings = _own_limits()
    text: dict[str, Any] = {name: value for name, value in scope.items() if value is not None}
    if "project" in text and not set(text["project"]) & set("*?["):
        text["project"] = str(Path(text["project"]).expanduser().resolve())
    given = {"requests": requests, "agents_per_session": agents_per_session, "depth": depth, "plan": plan}
    chosen = {name: value for name, value in given.items() if value is not None}
    if amount is not None:
        chosen["limit"] = amount
    if session is not None and not chosen:
        chosen["limit"], session = session, EACH
    if len(chosen) != 1:
        raise UserError(
            "one limit at a time: an amount such as 2/day, or one of --requests, "
            f"--agents-per-session, --depth, --plan (for example: {EXAMPLE})"
        )
    if session is not None:
        text["session"] = session
    ((kind, limit),) = chosen.items()
    try:
        made = file.build(kind, limit, {name: text[name] for name in SCOPES if name in text})
    except ValueError as problem:
        raise UserError(str(problem)) from None
    rule = Rule(**made)
    if kind == "limit" and text == {"session": EACH}:
        text = {"session": limit}
    else:
        text |= {kind: limit}
    edit.put_rule(settings.home, rule, text | ({"mode": mode} if mode else {}))
    print(f"{rule.id}: {_limit(rule.limit, rule.unit, rule.plan or rule.window, rule.by_session)}")
    _tell_problem(limits.gather(settings))


@command.command("rm")
@click.argument("rule")
def remove(rule: str) -> None:
    """Take a limit out. RULE is its id, or a part of it that no other has."""
    settings = _own_limits()
    found = file.load(settings.home, _config(settings))
    ident = _resolve(rule, [one.id for one in found.rules])
    source = next(one.source for one in found.rules if one.id == ident)
    if not source.startswith(f"{file.NAME}:"):
        raise UserError(f"{ident} is written in {source}: take it out there")
    edit.remove_rule(settings.home, ident)
    print(f"{ident} is no limit any more")
    _tell_problem(limits.gather(settings))


@command.command("allow")
@click.argument("rule")
@click.option("--amount", metavar="N", help="So much more (dollars, requests, agents). Without it: no limit.")
@click.option("--session", metavar="ID", help="For this session.  [default: the one that was stopped last]")
def allow(rule: str, amount: str | None, session: str | None) -> None:
    """Lift a limit once: until its window ends, or for one session.

    RULE is the id of a limit, or a part of it that no other has.
    """
    settings = _own_limits()
    found = file.load(settings.home, _config(settings))
    ident = _resolve(rule, [one.id for one in found.rules])
    meant = next(one for one in found.rules if one.id == ident)
    more = None
    if amount is not None:
        try:
            more = amounts.plan(f"7d:{amount}")[1] if meant.kind == "plan" else amounts.money(amount)[0]
        except ValueError:
            raise UserError(
                f"--amount {amount!r} is no amount: expected {'10%' if meant.kind == 'plan' else '5'}"
            ) from None
    if meant.by_session:
        session = session or _last_stopped(settings, ident)
    elif session is not None:
        raise UserError(f"{ident} is one limit for all sessions: leave out --session")
    edit.put_grant(settings.home, file.Grant(rule=ident, at=time.time(), amount=more, session=session))
    by = "no limit" if more is None else f"{words.amount(more, meant.unit)} more"
    lasts = f"for session {session}" if session else "until the window ends"
    print(f"{ident}: {by} {lasts}")
    _tell_problem(limits.gather(settings))


@command.command("check")
@click.option("--session", metavar="ID", help="A session: an id, its beginning, or last.")
@agent_option
@project_option
@model_option
@user_option
@account_option
@json_option
def check(session: str | None, as_json: bool, **who: str | None) -> None:
    """Say which limits a session, agent or project meets, and whether it would be stopped now."""
    settings = setting_table.load()
    asked = {name: value for name, value in who.items() if value is not None}
    if "project" in asked:
        asked["project"] = str(Path(asked["project"]).expanduser().resolve())
    if session is not None:
        asked |= _session(settings, session, asked)
    if not asked:
        raise UserError("say whom to check: --session, --agent, --project, --model, --user or --account")
    told = limits.gather(settings, asked)
    if as_json:
        print_json({"rules": [_json(one) for one in told["rules"]]})
        return
    if not told["rules"]:
        print("no limit applies")
    for one in told["rules"]:
        full = one["mode"] == "stop" and one["left"] <= 0
        print(f"{'stops' if full else 'passes'}  {printable(one['id'])}: {_spent(one)}")


def _own_limits() -> Settings:
    settings = setting_table.load()
    if not is_loopback(settings.url):
        raise UserError(f"the limits of {settings.url} are set on its own machine, not from here")
    return settings


def _config(settings: Settings) -> Path | None:
    running = supervisor.current(settings)
    return Path(running.record["config"]) if running and running.record.get("config") else settings.config


def _resolve(named: str, ids: Sequence[str]) -> str:
    if named in ids:
        return named
    found = [ident for ident in ids if named in ident]
    if len(found) == 1:
        return found[0]
    if not ids:
        raise NotFound(f"there are no limits: {EXAMPLE} sets one")
    problem = f"more than one limit contains {named!r}" if found else f"there is no limit {named!r}"
    raise NotFound(f"{problem}: {', '.join(found or ids)}")


def _last_stopped(settings: Settings, ident: str) -> str:
    rows = limits.gather(settings)["rules"]
    stopped: list[dict[str, Any]] = next((one["stopped"] for one in rows if one["id"] == ident), [])
    session = next((one["session_id"] for one in reversed(stopped) if one["session_id"]), None)
    if session is None:
        raise UserError(f"no session was stopped by {ident}: name the one to lift it for with --session ID")
    return str(session)


def _session(settings: Settings, session: str, asked: Mapping[str, str]) -> dict[str, str]:
    from claude_lens.store.reading.queries import open_reader

    try:
        with open_reader(settings) as reader:
            found = reader.session(session)
    except NotFound:
        if session == "last":
            raise
        return {"session": session}
    project = {} if "project" in asked or not found["project"] else {"project": found["project"]}
    return {"session": found["id"], **project}


def _show(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        rules = [_json(one) for one in told["rules"]]
        print_json({"rules": rules, "shared": told["shared"], "faults": told["faults"]})
        return
    if not told["rules"]:
        print(f"no limits: {EXAMPLE} sets one")
    else:
        now = time.time()
        table = Table("rule", "limit", "spent", "left", "until", "mode", box=None, pad_edge=False)
        for one in told["rules"]:
            until = words.moment(one["resets_at"], now) or "-"
            limit = _limit(one["limit"], one["unit"], one["window"], one["scope"].get("session") == EACH)
            left = words.amount(one["left"], one["unit"])
            table.add_row(printable(one["id"]), limit, _spent(one, short=True), left, until, one["mode"])
        console().print(table)
        for one in told["rules"]:
            for stop in one["stopped"][-5:]:
                who = printable(stop["agent"] or "a request")
                where = f" of session {printable(stop['session_id'])}" if stop["session_id"] else ""
                print(f"stopped {words.moment(stop['at'], now)}: {who}{where}, by {printable(one['id'])}")
        if told["running"]:
            print("shared through Redis" if told["shared"] else "these limits are this proxy's own")
    _tell_problem(told)


def _tell_problem(told: Mapping[str, Any]) -> None:
    if told["problem"]:
        print(f"the guard has a problem ({told['faults']} so far), requests pass: {told['problem']}")


def _json(one: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: one[name] for name in SHOWN}
    shown["resets_at"] = None if one["resets_at"] is None else iso(one["resets_at"])
    shown["stopped"] = [{**stop, "at": iso(stop["at"])} for stop in one["stopped"]]
    return shown


def _limit(limit: float, unit: str, window: str | None, each: bool) -> str:
    text = words.amount(limit, unit) + (" requests" if unit == "requests" else "")
    if unit == "plan":
        return f"{text} of {window}"
    return text + (
        f" a{'n' if window == 'hour' else ''} {window}" if window else " a session" if each else ""
    )


def _spent(one: Mapping[str, Any], *, short: bool = False) -> str:
    unit = one["unit"]
    text = words.amount(one["spent"], unit)
    if not short:
        text += f" of {words.amount(one['limit'], unit)}"
    if one["reserved"] and not short:
        text += f", up to {words.amount(one['reserved'], unit)} in flight"
    if one["unpriced"] and unit == "usd":
        text += f" + {one['unpriced']} of unknown price"
    return text
