"""Which agent asks: the evidence weighed, strongest first. A wrong name is worse than none.

1. Headers: agent id, parent, type, class. A type other than ``custom`` is the name.
2. The spawn: the call whose prompt is the agent's first message.
3. The user's agent files: the system prompt begins with the body of one.
4. The client's own mark of a subagent.
5. Otherwise the main agent.

``Agent.evidence`` says which of them gave the name (for the main agent: which excluded a subagent).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from claude_lens.agents.asker import Asker
from claude_lens.agents.facts import Claimed, Spawned
from claude_lens.agents.session import SessionAgents
from claude_lens.exchange import Agent

CUSTOM = "custom"
BUILT_IN = frozenset(("general-purpose", "Explore", "Plan"))
LEAST_CONTAINED = 24
FileName = Callable[[Asker], str | None]


def no_files(_asker: Asker) -> str | None:
    """No agent files are at hand."""
    return None


def detect(
    asker: Asker, session: SessionAgents, file_name: FileName = no_files
) -> tuple[Agent, Claimed | None]:
    """The agent that asks, and the fact to be kept about it, if there is a new one.

    ``file_name`` is asked only where the spawns do not settle it: it gives the name of the agent file that
    the system prompt begins with.
    """
    if asker.subagent is False:
        return asker.identity.agent, None
    fitting, claim = _by_spawn(asker, session, file_name)
    return _agent(asker, fitting, file_name), claim


def _by_spawn(
    asker: Asker, session: SessionAgents, file_name: FileName
) -> tuple[list[Spawned], Claimed | None]:
    """The calls that fit, which agree on a name, and the claim on the first of them."""
    agent_id = asker.identity.agent.id
    known = session.call_of(agent_id) if agent_id else None
    if known:
        return [known], None
    fitting = _fitting(asker, session.free() if agent_id else session.calls())
    names = {call.name for call in fitting}
    if len(names) > 1:
        from_file = file_name(asker)
        fitting = [call for call in fitting if call.name == from_file]
        names = {call.name for call in fitting}
    if not fitting or not agent_id:
        return fitting, None
    claim = Claimed(agent_id=agent_id, tool_use_ids=tuple(call.tool_use_id for call in fitting))
    return fitting[:1], claim


def _fitting(asker: Asker, calls: list[Spawned]) -> list[Spawned]:
    possible = [call for call in calls if call.tool_use_id not in asker.own_calls and _agrees(asker, call)]
    exact = [call for call in possible if any(call.prompt.equals(text) for text in asker.prompts)]
    if exact or not asker.subagent:
        return exact
    inside = [
        call
        for call in possible
        if call.prompt.length >= LEAST_CONTAINED and any(call.prompt.within(text) for text in asker.prompts)
    ]
    longest = max((call.prompt.length for call in inside), default=0)
    return [call for call in inside if call.prompt.length == longest]


def _agrees(asker: Asker, call: Spawned) -> bool:
    """Whether headers do not exclude the call."""
    agent = asker.identity.agent
    if agent.type == CUSTOM and call.name in BUILT_IN:
        return False
    if agent.type not in (None, CUSTOM, call.name):
        return False
    # Where an agent has an id, a missing parent means the main agent.
    return not agent.id or agent.parent_id == call.parent_id


def _agent(asker: Asker, fitting: list[Spawned], file_name: FileName) -> Agent:
    told = asker.identity.agent
    name = fitting[0].name if fitting else None
    if told.type and told.type != CUSTOM:
        found = replace(told, name=told.type, evidence="headers")
    elif name:
        found = replace(told, name=name, evidence="spawn")
    elif from_file := file_name(asker):
        found = replace(told, name=from_file, evidence="file")
    else:
        return told
    kind = told.type or (name if name in BUILT_IN else CUSTOM)
    if not fitting:
        return replace(found, type=kind)
    # Twins of an older client cannot be told apart: they share an id, and no call is said to be theirs.
    call = fitting[0]
    found = replace(
        found, id=told.id or call.tool_use_id, parent_id=told.parent_id or call.parent_id, type=kind
    )
    if len(fitting) > 1:
        return found
    return replace(
        found,
        description=call.description,
        spawn_tool_use_id=call.tool_use_id,
    )
