"""What a session's traffic tells about its agents, as small facts that can be kept, sent and replayed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from claude_lens.agents.asker import spawning_calls, texts

HEAD = 160
DEFAULT_NAME = "general-purpose"
# How Claude Code words it in a tool result; a report that quotes such a line makes two, which tell nothing.
_AGENT_ID = re.compile(r"\bagentId: ([\w-]{2,64})")


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
    if not message:
        return []
    return _spawned([{"role": "assistant", "content": message.get("content")}], parent_id)


def history(body: Mapping[str, Any] | None, parent_id: str | None) -> list[Spawned | Told]:
    """What a conversation that is sent again tells: its own calls, and the agents that their results name."""
    messages = body.get("messages") if body else None
    listed = messages if isinstance(messages, list) else []
    calls = _spawned(listed, parent_id)
    if not calls:
        return []
    return [*calls, *_told(listed, {call.tool_use_id for call in calls})]


def _spawned(messages: list[Any], parent_id: str | None) -> list[Spawned]:
    found = []
    for call in spawning_calls(messages):
        prompt, name, description = (
            call["input"].get(key) for key in ("prompt", "subagent_type", "description")
        )
        if isinstance(prompt, str) and prompt.strip():
            found.append(
                Spawned(
                    tool_use_id=call["id"],
                    name=name if isinstance(name, str) and name else DEFAULT_NAME,
                    description=description if isinstance(description, str) else None,
                    prompt=Mark.of(prompt),
                    parent_id=parent_id,
                )
            )
    return found


def _told(messages: list[Any], calls: set[str]) -> list[Told]:
    found = []
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        for block in content if isinstance(content, list) else ():
            if not isinstance(block, Mapping) or block.get("type") != "tool_result":
                continue
            call = block.get("tool_use_id")
            if call in calls:
                named = {match for text in texts(block.get("content")) for match in _AGENT_ID.findall(text)}
                if len(named) == 1:
                    found.append(Told(agent_id=named.pop(), tool_use_id=str(call)))
    return found


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
