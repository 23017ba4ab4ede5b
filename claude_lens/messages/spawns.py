"""Subagents in messages: the calls that start them, and what results and notifications tell of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from claude_lens.messages.blocks import Json, blocks, role, text, texts
from claude_lens.messages.calls import Call, Result, client_calls, result
from claude_lens.messages.objects import each
from claude_lens.messages.written import elements, opening, pieces

SPAWNING: Final = frozenset({"Agent", "Task"})
"""The tools that start a subagent; older clients name it ``Task``."""
CONTINUING: Final = "SendMessage"
"""The tool that sends a subagent a message, which it goes on with."""
DEFAULT_AGENT: Final = "general-purpose"
"""The agent that a call starts which names none."""
_LAUNCHED: Final = "Async agent launched"
_IDENT: Final = r"([\w@.-]{2,64})"
_NAMED: Final = re.compile(rf"^agentId: {_IDENT}(?=[ \t]+\(|[ \t]*$)", re.MULTILINE)
_LONGEST_LOOK: Final = 1_000_000
_NO_PROMPT: Final = frozenset({"reminder", "tools", "caveat", "output", "command", "summary"})


@dataclass(frozen=True, slots=True)
class Spawn:
    """A call that starts a subagent: its name among the agents, what it is told to do, and what for."""

    call_id: str
    agent: str
    prompt: str
    description: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """The client said which agent a call had started. ``report``: what it found; None while it works."""

    agent_id: str
    call_id: str
    report: str | None


def is_spawn(call: Call) -> bool:
    """Whether a call starts a subagent."""
    return (
        call.name in SPAWNING
        and call.carrier == "client"
        and bool(call.id)
        and isinstance(call.input, Mapping)
    )


def spawn(call: Call) -> Spawn | None:
    """The subagent that a call starts; None where it starts none, or tells it nothing."""
    if not is_spawn(call):
        return None
    prompt, agent, description = (call.input.get(key) for key in ("prompt", "subagent_type", "description"))
    if not isinstance(prompt, str) or not prompt.strip():
        return None
    return Spawn(
        call_id=call.id,
        agent=agent if isinstance(agent, str) and agent else DEFAULT_AGENT,
        prompt=prompt,
        description=description if isinstance(description, str) else None,
    )


def spawns(conversation: Iterable[object]) -> list[Spawn]:
    """The subagents that the answers among these messages call for, in order."""
    return each(conversation, _spawns)


def _spawns(message: object) -> list[Spawn]:
    return [found for call in _spawning(message) if (found := spawn(call)) is not None]


def _spawning(message: object) -> list[Call]:
    """The calls of an answer that start a subagent."""
    return list(filter(is_spawn, client_calls(message))) if role(message) == "assistant" else []


def spawning_ids(conversation: Iterable[object]) -> frozenset[str]:
    """Ids of the calls in these answers that start a subagent, whatever they tell it."""
    return frozenset(call.id for call in each(conversation, _spawning))


def continued(call: Call) -> str | None:
    """The agent that a call sends a message; None where it sends none."""
    to = call.input.get("to") if call.name == CONTINUING and isinstance(call.input, Mapping) else None
    return to if isinstance(to, str) else None


def agents_told(conversation: Iterable[object], spawning: Collection[str]) -> Iterator[Told]:
    """What results and notifications tell of agents, in order.

    ``spawning`` are the ids of calls that start agents: nobody else's result is believed.
    """
    for call_id, told in each(conversation, _results):
        if call_id in spawning and (agent := agent_in(told) if isinstance(told, Result) else told):
            yield Told(agent, call_id, _report(told) if isinstance(told, Result) else None)


def _results(message: object) -> Iterator[tuple[str, Result | str]]:
    """What may tell of an agent: results, and the agents that notifications name; each with its call."""
    for block in blocks(message):
        if (found := result(block)) is not None:
            yield found.call_id, found
        elif (words := text(block)) is not None and "<task-notification>" in words:
            for note in elements(words[:_LONGEST_LOOK], "task-notification"):
                agent, call = (next(elements(note, name), "").strip() for name in ("task-id", "tool-use-id"))
                yield call, agent


def _report(found: Result) -> str | None:
    began = any(words.startswith(_LAUNCHED) for words in texts(found.content))
    return None if began else found.text


def agent_in(found: Result) -> str | None:
    """The agent that a result names; None where it names none, or it cannot be told which.

    The client's own line begins a text, the last one, or stands in the text that tells of a launch. One
    within a report may be quoted: it counts where no other is there.
    """
    told = [words[-_LONGEST_LOOK:] for words in texts(found.content)]
    for words in reversed(told):
        own = _NAMED.findall(words)
        if own and words.startswith(_LAUNCHED):
            return str(own[0])
        if len(own) == 1 and _NAMED.match(words):
            return str(own[0])
    named = {name for words in told for name in _NAMED.findall(words)}
    return named.pop() if len(named) == 1 else None


def given_prompts(conversation: Sequence[Json]) -> list[str]:
    """The texts that a conversation began with, without what the client put in: a subagent's prompt.

    A text that stands whole is given whole: a prompt may hold anything.
    """
    found: list[str] = []
    for message in opening(conversation):
        for block in blocks(message):
            words = text(block)
            if words is None or not words.strip():
                continue
            own = "".join(piece.words for piece in pieces(words) if piece.origin == "human").strip()
            found += [own] if own else []
            # A prompt may itself quote what the client writes.
            if own != words.strip() and not _is_plain_insertion(words):
                found.append(words.strip())
    return found


def _is_plain_insertion(words: str) -> bool:
    cut = pieces(words)
    return bool(cut) and all(piece.origin in _NO_PROMPT for piece in cut)
