"""What a session's traffic tells about its agents, as small facts that can be kept, sent and replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from claude_lens.messages.blocks import messages
from claude_lens.messages.spawns import agents_told, spawns

HEAD = 160


@dataclass(frozen=True, slots=True)
class Mark:
    """A prompt without its text: enough to recognise it, alone or inside a longer text."""

    head: str
    length: int
    digest: str

    @classmethod
    def of(cls, prompt: str) -> Mark:
        """The mark of ``prompt``, surrounding white space left out."""
        bare = prompt.strip()
        return cls(bare[:HEAD], len(bare), _digest(bare))

    def equals(self, text: str) -> bool:
        """Whether ``text`` (stripped) is the prompt."""
        return len(text) == self.length and text.startswith(self.head) and _digest(text) == self.digest

    def within(self, text: str) -> bool:
        """Whether ``text`` contains the prompt verbatim."""
        at = text.find(self.head) if self.head else -1
        while at >= 0:
            if _digest(text[at : at + self.length]) == self.digest:
                return True
            at = text.find(self.head, at + 1)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawned:
    """A subagent was called for. ``parent_id`` is the calling agent's id, None for the main agent."""

    tool_use_id: str
    name: str
    prompt: Mark
    description: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An agent was seen that fits each of these calls equally well; the first free one becomes its own."""

    agent_id: str
    tool_use_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The client itself said, in the call's result, which agent the call had started."""

    agent_id: str
    tool_use_id: str


Fact = Spawned | Claimed | Told
_KINDS: dict[str, type[Spawned] | type[Claimed] | type[Told]] = {
    "spawned": Spawned,
    "claimed": Claimed,
    "told": Told,
}


def to_json(fact: Fact) -> dict[str, Any]:
    """The fact as a JSON object."""
    return {"kind": type(fact).__name__.lower(), **asdict(fact)}


def from_json(value: Mapping[str, Any]) -> Fact | None:
    """The fact in a JSON object; None where it is none of ours."""
    fields = dict(value)
    kind = _KINDS.get(str(fields.pop("kind", None)))
    if kind is None:
        return None
    try:
        if kind is Spawned:
            fields["prompt"] = Mark(**fields["prompt"])
        elif kind is Claimed:
            fields["tool_use_ids"] = tuple(fields["tool_use_ids"])
        return kind(**fields)
    except (TypeError, KeyError):
        return None


def spawned(message: Mapping[str, Any] | None, parent_id: str | None) -> list[Spawned]:
    """The subagents that an answer calls for, in order. ``parent_id``: who got the answer."""
    return _spawned([{**message, "role": "assistant"}], parent_id) if message else []


def history(body: Mapping[str, Any] | None, parent_id: str | None) -> list[Spawned | Told]:
    """What a conversation that is sent again tells: its own calls, and the agents that their results name."""
    conversation = messages(body)
    calls = _spawned(conversation, parent_id)
    told = agents_told(conversation, {call.tool_use_id for call in calls}) if calls else ()
    # Launch, result and notification name the same agent; once is enough.
    facts = dict.fromkeys(Told(agent_id=one.agent_id, tool_use_id=one.call_id) for one in told)
    return [*calls, *facts]


def _spawned(conversation: list[Any], parent_id: str | None) -> list[Spawned]:
    return [
        Spawned(
            tool_use_id=one.call_id,
            name=one.agent,
            description=one.description,
            prompt=Mark.of(one.prompt),
            parent_id=parent_id,
        )
        for one in spawns(conversation)
    ]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
