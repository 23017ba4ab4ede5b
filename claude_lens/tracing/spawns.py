"""Which tool call started which subagent, learned from answers and results as they pass.

An ``Agent`` call names the prompt that the subagent starts with; its result, or the notification that a
background agent ended, names the subagent's id. The second is proof; the first serves where none comes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from claude_lens.exchange import Exchange
from claude_lens.messages import blocks
from claude_lens.messages import spawns as spawning
from claude_lens.messages.calls import Call, client_calls
from claude_lens.tracing.identity import MAIN
from claude_lens.tracing.runs import Key, Run

SESSIONS = 500
CALLS = 2_000
SPAWNS = 200
LONGEST_PROMPT = 64 * 1024

T = TypeVar("T")
Trust = Literal["proof", "match", "guess"]


@dataclass(slots=True)
class Session:
    """What is known of one session.

    ``owners`` maps a tool call to the run whose answer made it. By agent: ``proven`` holds the calls that
    started it, ``continued`` those that sent it a message.
    """

    owners: OrderedDict[str, Key] = field(default_factory=OrderedDict)
    prompts: OrderedDict[str, tuple[str, Key]] = field(default_factory=OrderedDict)
    proven: dict[str, list[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    continued: dict[str, list[str]] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    latest_prompt: str | None = None
    turns: OrderedDict[str, int] = field(default_factory=OrderedDict)
    prompt_of_agent: dict[str, str] = field(default_factory=dict)
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict)


class SpawnBook:
    """Sessions by id, the least recently used forgotten beyond ``SESSIONS``."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def session(self, session_id: str) -> Session:
        """The session, new where it was not known."""
        found = self._sessions.setdefault(session_id, Session())
        self._sessions.move_to_end(session_id)
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return found

    def absorb(self, exchange: Exchange, key: Key) -> None:
        """Learn from an ended exchange of the run ``key``."""
        session = self.session(key[0])
        _remember(session.seen, exchange.id, None)
        conversation = blocks.messages(exchange.request.json)
        last = blocks.last_answer(conversation)
        for use in client_calls(last):
            session.owners.setdefault(use.id, key)
        started = spawning.spawning_ids([last])
        for told in spawning.agents_told(blocks.new_messages(conversation), started):
            agent = told.call_id if told.call_id in session.titles else told.agent_id
            proven = session.proven.setdefault(agent, [])
            if told.call_id not in proven:
                proven.append(told.call_id)
            session.claimed[told.call_id] = agent
        answer = exchange.response.json if exchange.response else None
        for use in client_calls(answer):
            _remember(session.owners, use.id, key)
            self._learn(session, use, key)

    def turn(self, session_id: str, prompt: str, told: int, *, compacted: bool) -> int:
        """The number of a prompt in its session: ``told`` by its conversation, unless that was compacted."""
        turns = self.session(session_id).turns
        if prompt not in turns:
            before = max(turns.values(), default=0)
            _remember(turns, prompt, max(told, before + 1) if compacted else told)
        return turns[prompt]

    @staticmethod
    def _learn(session: Session, use: Call, key: Key) -> None:
        if (spawn := spawning.spawn(use)) is not None:
            _remember(session.prompts, use.id, (spawn.prompt.strip()[:LONGEST_PROMPT], key), SPAWNS)
        elif (to := spawning.continued(use)) is not None:
            session.continued.setdefault(to, []).append(use.id)

    def spawned_by(self, run: Run, trust: Trust) -> str | None:
        """The tool call that started a subagent's run, as far as the evidence may be trusted; None beyond.

        ``proof``: a result or notification named the agent. ``match``: the only call that gave its prompt,
        which is right where every call was seen. ``guess``: the first of several that did.
        """
        assert run.last is not None
        session_id, prompt, agent_key, number = run.key
        session = self.session(session_id)
        calls = session.proven.get(agent_key, [])
        if number:
            calls = [*calls, *session.continued.get(agent_key, ())]
        # An older client names no agent: its requests go by the call that started it.
        calls = [*calls, *([agent_key] if agent_key in session.owners else ())]
        known = [use for use in calls if self._fits(session, use, prompt)]
        if known or trust == "proof":
            return known[-1] if known else None
        told = run.last.identity.agent.spawn_tool_use_id
        free = self.candidates(run)
        if told and self._fits(session, told, prompt) and (told in free or not free):
            found: str | None = told
        else:
            found = free[0] if len(free) == 1 or (free and trust == "guess") else None
        if found:
            session.claimed[found] = agent_key
        return found

    def candidates(self, run: Run) -> list[str]:
        """The calls that may have started a run: they gave its prompt, and nobody else was named for them."""
        assert run.last is not None
        session_id, prompt, agent_key, _ = run.key
        session, agent = self.session(session_id), run.last.identity.agent
        return [
            use
            for use, (text, owner) in session.prompts.items()
            if session.claimed.get(use, agent_key) == agent_key
            and owner[1] == prompt
            and owner[2] == (agent.parent_id or "" if agent.evidence == "headers" else owner[2])
            and owner[2] != agent_key
            and text
            and text in (run.prompt or "")
        ]

    def caller(self, run: Run, call: str | None) -> str:
        """The agent that made ``call``, empty for the main one; without it, the one that the client names."""
        assert run.last is not None
        owner = self.session(run.key[0]).owners.get(call) if call else None
        return owner[2] if owner else run.last.identity.agent.parent_id or ""

    def graph_node(self, session_id: str, agent: str) -> str:
        """The node of an agent's calls in the agent graph."""
        if not agent:
            return f"{MAIN}:Agent"
        return f"agent:{self.session(session_id).titles.get(agent, 'subagent')}:Agent"

    @staticmethod
    def _fits(session: Session, tool_use_id: str, prompt: str) -> bool:
        owner = session.owners.get(tool_use_id)
        return owner is None or owner[1] == prompt

    def prompt_for(self, session_id: str, agent_key: str, first_words: str | None) -> str:
        """The prompt a subagent works for, where its requests do not say: its caller's, else the latest."""
        session = self.session(session_id)
        if agent_key not in session.prompt_of_agent:
            owners = [
                owner
                for text, owner in session.prompts.values()
                if text and text in (first_words or "") and owner[2] != agent_key
            ]
            prompt = owners[-1][1] if owners else session.latest_prompt
            session.prompt_of_agent[agent_key] = prompt or f"agent-{agent_key}"
        return session.prompt_of_agent[agent_key]


def _remember(into: OrderedDict[str, T], key: str, value: T, limit: int = CALLS) -> None:
    into[key] = value
    while len(into) > limit:
        into.popitem(last=False)
