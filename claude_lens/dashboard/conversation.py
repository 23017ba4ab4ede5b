"""The conversation of an agent, turn by turn, out of the steps that the store found.

A turn is one exchange: what was new in its request, then what the model answered. A tool's result came with
the request after, and is shown with its call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection

from claude_lens.dashboard import blocks, tools
from claude_lens.dashboard.agents import Look, Looks, looks
from claude_lens.dashboard.blocks import Block, Ref
from claude_lens.messages.blocks import kind
from claude_lens.messages.blocks import role as role_of
from claude_lens.messages.calls import by_id
from claude_lens.messages.calls import call as call_of
from claude_lens.messages.calls import of_server as calls_by_server
from claude_lens.messages.calls import result as result_of
from claude_lens.messages.helpers import is_beside
from claude_lens.store.reading import forms, turns
from claude_lens.store.reading.turns import Step
from claude_lens.store.writing.titles import first_words

LOOK_AHEAD: Final = 3
Call = Mapping[str, Any]


@dataclass(slots=True)
class Child:
    """A subagent as its spawning call shows it."""

    id: str
    look: Look
    type: str | None
    description: str | None
    exchanges: int
    running: bool
    usage: forms.Usage
    cost_usd: float | None
    started_at: str


@dataclass(slots=True)
class Turn:
    """One exchange of the conversation. ``side``: a request beside it (a title, a compaction, a count)."""

    index: int
    step: Step
    side: bool
    asked: list[Block] = field(default_factory=list)
    answered: list[Block] = field(default_factory=list)
    orphans: list[Child] = field(default_factory=list)

    @property
    def one(self) -> forms.Summary:
        """The exchange."""
        return self.step.summary


@dataclass(slots=True)
class Session:
    """All steps of a session, arranged by agent. ``looks``: how each agent is shown, in the page's order."""

    steps: list[Step]
    by_agent: dict[str | None, list[Step]]
    spawned: dict[str, str]
    children: dict[str, Child]
    looks: Looks

    @classmethod
    def read(cls, connection: Connection, session: str) -> Session:
        """Raises :class:`NotFound`."""
        found = turns.steps(connection, session)
        by_agent: dict[str | None, list[Step]] = {}
        for step in found:
            by_agent.setdefault(step.summary["agent"]["id"], []).append(step)
        spawned = {
            call: agent
            for agent, own in by_agent.items()
            if agent is not None and (call := next((s.spawned_by for s in own if s.spawned_by), None))
        }
        shown = looks(own[-1].summary["agent"] for own in by_agent.values())
        children = {
            agent: _child(agent, own, shown[agent]) for agent, own in by_agent.items() if agent is not None
        }
        return cls(found, by_agent, spawned, children, shown)

    def line(self, agent: str | None) -> list[Step]:
        """The steps of one agent."""
        return self.by_agent.get(agent, [])

    def index_of(self, exchange: str) -> tuple[str | None, int] | None:
        """Agent and place of an exchange; None where it is not here."""
        for agent, own in self.by_agent.items():
            for index, step in enumerate(own):
                if step.summary["id"] == exchange:
                    return agent, index
        return None


def is_side(step: Step) -> bool:
    """Whether an exchange is beside the conversation of its agent."""
    one = step.summary
    return is_beside(one["request_class"], one["endpoint"])


def is_turn(step: Step) -> bool:
    """Whether an exchange is a turn of its own: no request beside the conversation, and no retry."""
    return not is_side(step) and not step.retry


def window(
    connection: Connection, session: Session, agent: str | None, start: int, end: int, *, alone: bool = False
) -> list[Turn]:
    """The turns ``start`` to ``end`` (excluded) of an agent, with the results of their calls.

    ``alone``: nothing is shown elsewhere, so results stay with the request that brought them.
    """
    line = session.line(agent)
    chosen = line[start:end]
    after = [step for step in line[end:] if not is_side(step)][:LOOK_AHEAD]
    before = [step for step in line[:start] if not is_side(step)][-LOOK_AHEAD:]
    wanted = {key for step in (*chosen, *after) for key in step.fresh}
    wanted |= {step.answer for step in (*before, *chosen) if step.answer is not None}
    found = turns.load(connection, wanted)
    results = _results((*chosen, *after), found)
    called = calls_of(found.get(step.answer) for step in before if step.answer is not None)
    earlier: dict[str, Call] = {} if alone else called
    shown = [
        _turn(step, start + index, session, found, earlier, called, results)
        for index, step in enumerate(chosen)
    ]
    _place_orphans(shown, session, agent, line, start)
    return shown


def prompts(connection: Connection, line: Sequence[Step], limit: int = 300) -> list[tuple[int, str]]:
    """``(index, first words)`` of each turn of an agent that a human began."""
    starts: list[tuple[int, Step]] = []
    begun: set[str] = set()
    for index, step in enumerate(line):
        prompt = step.summary["prompt_id"]
        if is_side(step) or not step.fresh or (prompt is not None and prompt in begun):
            continue
        begun.add(prompt or "")
        starts.append((index, step))
    starts = starts[:limit]
    found = turns.load(connection, {key for _, step in starts for key in step.fresh})
    told: list[tuple[int, str]] = []
    for index, step in starts:
        words = filter(None, (first_words(found.get(key)) for key in reversed(step.fresh)))
        if first := next(words, None):
            told.append((index, first))
    return told


def _turn(
    step: Step,
    index: int,
    session: Session,
    found: Mapping[int, Any],
    earlier: dict[str, Call],
    called: Mapping[str, Call],
    results: Mapping[str, tuple[Mapping[str, Any], Ref]],
) -> Turn:
    turn = Turn(index, step, is_side(step))
    name = step.summary["id"][:16]
    for number, key in enumerate(step.fresh):
        message = found.get(key)
        if isinstance(message, Mapping):
            turn.asked += _asked(message, Ref(key), f"u-{name}-{number}", earlier, called)
    message = found.get(step.answer) if step.answer is not None else None
    if isinstance(message, Mapping):
        turn.answered = _answered(message, Ref(step.answer or 0), f"b-{name}", session, results)
        earlier |= calls_of([message])
    return turn


def sent(message: Any, ref: Ref, anchor: str, called: Mapping[str, Call]) -> list[Block]:
    """The blocks of one message of a request, with its calls and results, wherever it stands.

    ``called``: the calls of the whole request, by their ids.
    """
    if not isinstance(message, Mapping):
        return [blocks.unknown(message, ref, anchor)]
    shown = _asked(message, ref, anchor, {}, called)
    for block in shown:
        # Its result is another message's.
        block.data["elsewhere"] = True
    return shown


def _asked(
    message: Mapping[str, Any], ref: Ref, anchor: str, known: Mapping[str, Call], called: Mapping[str, Call]
) -> list[Block]:
    """What a request brought: results whose call is shown elsewhere, as ``known``, are left to it."""
    content, role = message.get("content"), role_of(message)
    if role == "assistant" and known.keys() & calls_of([message]).keys():
        return []
    if not isinstance(content, list):
        shown = blocks.of_message(message, ref, anchor)
    else:
        shown = []
        for index, block in enumerate(content):
            place, name = ref.at("content", index), f"{anchor}-{index}"
            if kind(block) == "call":
                shown.append(tools.call(block, place, name))
            elif (result := result_of(block)) is None:
                shown += blocks.of_block(block, place, name, role)
            elif result.call_id not in known:
                shown.append(_apart(block, place, called.get(result.call_id, {}), name))
    shown = _grouped(shown)
    for block in shown:
        block.data["role"] = role
    return shown


def _grouped(shown: Sequence[Block]) -> list[Block]:
    """Reminders that follow each other as one block, so that a prompt is not lost among them."""
    found: list[Block] = []
    for reminders, group in groupby(shown, lambda block: block.kind == "reminder"):
        parts = list(group)
        if reminders and len(parts) > 1:
            size = sum(block.data["code"].characters for block in parts)
            parts = [Block("reminders", "", {"parts": parts, "characters": size})]
        found += parts
    return found


def _answered(
    message: Mapping[str, Any],
    ref: Ref,
    anchor: str,
    session: Session,
    results: Mapping[str, tuple[Mapping[str, Any], Ref]],
) -> list[Block]:
    content = message.get("content")
    if not isinstance(content, list):
        return blocks.of_message(message, ref, anchor)
    shown: list[Block] = []
    of_server = {made.id for made, _ in calls_by_server(message)}
    results = {**_in(message, ref), **results}
    for index, block in enumerate(content):
        place, name = ref.at("content", index), f"{anchor}-{index}"
        if (made := call_of(block)) is None:
            if (own := result_of(block)) is None or own.call_id not in of_server:
                shown += blocks.of_block(block, place, name, "assistant")
            continue
        call = tools.call(block, place, name)
        shown.append(call)
        called = made.id
        if called in results:
            answer, where = results[called]
            tool, given = made.name, call.data["input"]
            call.data["result"] = tools.result(answer, where, tool, given, f"{name}-r")
        if called in session.spawned:
            call.data["child"] = session.children[session.spawned[called]]
    return shown


def _results(steps: Iterable[Step], found: Mapping[int, Any]) -> dict[str, tuple[Mapping[str, Any], Ref]]:
    results: dict[str, tuple[Mapping[str, Any], Ref]] = {}
    for step in steps:
        for key in step.fresh:
            for call_id, told in _in(found.get(key), Ref(key)).items():
                results.setdefault(call_id, told)
    return results


def _in(message: Any, ref: Ref) -> dict[str, tuple[Mapping[str, Any], Ref]]:
    """The results in a message by the ids of their calls, and where each lies."""
    content = message.get("content") if isinstance(message, Mapping) else None
    return {
        result.call_id: (block, ref.at("content", index))
        for index, block in enumerate(content if isinstance(content, list) else ())
        if (result := result_of(block)) is not None
    }


def _apart(block: Mapping[str, Any], place: Ref, call: Call, anchor: str) -> Block:
    """A result that does not stand with its call: it says whose it is."""
    tool, given = str(call.get("name") or ""), call.get("input")
    shown = tools.result(block, place, tool, given if isinstance(given, Mapping) else {}, anchor)
    shown.data["of"] = tool
    return shown


def calls_of(messages: Iterable[Any]) -> dict[str, Call]:
    """The blocks that call tools in these messages, by their ids."""
    return {ident: call.block for ident, call in by_id(messages).items()}


def _place_orphans(
    shown: list[Turn], session: Session, agent: str | None, line: Sequence[Step], start: int
) -> None:
    """Agents whose spawning call is not known are shown where they began, in their parent's conversation."""
    named = set(session.spawned.values())
    for child, own in session.by_agent.items():
        if child is None or child in named or not shown:
            continue
        parent = own[0].summary["agent"]["parent_id"]
        if (parent if parent in session.by_agent else None) != agent:
            continue
        began = own[0].summary["started_at"]
        place = max((i for i, step in enumerate(line) if step.summary["started_at"] <= began), default=0)
        if start <= place < start + len(shown):
            shown[place - start].orphans.append(session.children[child])


def _child(agent: str, own: Sequence[Step], look: Look) -> Child:
    last = own[-1].summary["agent"]
    costs = [step.summary["cost_usd"] for step in own]
    known = [cost for cost in costs if cost is not None]
    usage: Any = dict.fromkeys(forms.TOKENS, 0)
    for step in own:
        for name in forms.TOKENS:
            counted: Any = step.summary["usage"] or {}
            usage[name] += counted.get(name, 0)
    return Child(
        id=agent,
        look=look,
        type=last["type"],
        description=next((step.description for step in own if step.description), None),
        exchanges=len(own),
        running=any(step.summary["status"] == "running" for step in own),
        usage=usage,
        cost_usd=sum(known) if known else None,
        started_at=own[0].summary["started_at"],
    )


def tool_durations(step: Step) -> dict[str, int]:
    """Milliseconds that the client reported with this request, by the tool's name."""
    try:
        pairs = json.loads(step.tool_durations or "[]")
        return {str(name): int(spent) for name, spent in pairs}
    except (ValueError, TypeError):
        return {}
