"""What of a request was not read from the cache, and the first cause that explains it.

In the order in which a cache meets them: its lifetime, the model, then tools, system and messages. A cause
that cannot explain what was read is none: then it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from claude_lens.store.insight.blocks import images, without_images
from claude_lens.store.insight.compare import ORDER, Part, Side, changes, common
from claude_lens.store.insight.sent import Sent

Cause = Literal[
    "first",
    "beside",
    "not asked",
    "too short",
    "model",
    "tools",
    "tools order",
    "system",
    "history",
    "compaction",
    "images",
    "thinking",
    "tool choice",
    "betas",
    "expired",
    "provider",
    "unknown",
]

NO_MARKS: Final = "the requests do not tell what was to be cached, as imported ones do not"


def thousands(tokens: int) -> str:
    """``9.7k``: a count of tokens in a sentence."""
    return f"{tokens / 1000:.1f}k" if tokens >= 1000 else str(tokens)


class Compared:
    """Two requests of an agent: what both begin with, where they part, and what else was set otherwise.

    ``most_of_head``: tokens of the shortest request that had the same tools and system as the one before.
    """

    def __init__(self, before: Sent, sent: Sent, most_of_head: int | None = None) -> None:
        assert before.side is not None
        assert sent.side is not None
        self.before, self.sent = before, sent
        self._most_of_head = most_of_head
        self.old, self.new = before.side, sent.side
        self.same: dict[str, int] = {
            name: common(self.old.digests[name], self.new.digests[name]) for name in ORDER
        }
        self.part, self.index = _first_difference(self.old, self.new)
        self.changed = _changed(before, sent)
        self.gap = sent.began - before.began

    @property
    def read(self) -> int:
        """Tokens that came from the cache."""
        return self.sent.usage.cache_read_input_tokens if self.sent.usage else 0

    def expected(self) -> int:
        """Tokens that could have been read: of what the request before had cached, what this one has too."""
        cached = self.before.cached
        prompt = self.sent.usage.prompt_tokens if self.sent.usage else 0
        if self.is_estimated():
            there = set(self.new.digests["messages"])
            gone = [index for index, key in enumerate(self.old.digests["messages"]) if key not in there]
            whole = self.before.usage.prompt_tokens if self.before.usage else 0
            cached = min(cached, round(whole * (1 - self.before.share_of(gone))))
            if not self.same["messages"] and self._most_of_head is not None:
                cached = min(cached, self._most_of_head)
        return min(cached, prompt)

    def is_anew(self) -> bool:
        """Whether the conversation begins anew, after a compaction."""
        if self.sent.begins_anew:
            return True
        old, new = self.old.digests["messages"], self.new.digests["messages"]
        return not self.same["messages"] and len(new) < len(old) and not set(old) & set(new)

    def is_another(self) -> bool:
        """Whether the two are no conversation of the same agent, as far as can be seen."""
        return not (self.sent.begins_anew or self.same["messages"]) and self.part in ("tools", "system")

    def is_estimated(self) -> bool:
        """Whether what could have been read is known by its share of the bytes only."""
        return self.same["messages"] < len(self.old.digests["messages"])

    def lifetime(self) -> float | None:
        """Seconds for which that lived which was not read: of messages alone where the rest was read."""
        return self.before.lifetime("messages" if self.read else None)

    def has_expired(self) -> bool:
        """Whether more time has passed than it lived."""
        lifetime = self.lifetime()
        return lifetime is not None and self.gap > lifetime


def cause(pair: Compared) -> tuple[Cause, str]:
    """The cause, and it in words, of what a request did not read from the cache."""
    changed = pair.changed
    if pair.has_expired() and pair.read <= pair.before.kept_by_others():
        return "expired", _expired(pair)
    if pair.before.readable_from > pair.sent.began:
        return "unknown", "it was sent before the request before was answered"
    if "model" in changed:
        return "model", f"another model: {changed['model'][0]}, now {changed['model'][1]}"
    if pair.is_anew():
        return "compaction", "the conversation was compacted and begins anew"
    if not pair.before.has_marks or not pair.sent.has_marks:
        return "unknown", NO_MARKS
    if pair.part == "tools":
        return _tools(pair)
    if pair.part == "system":
        return "system", f"system block {pair.index} changed"
    found = _of_messages(pair)
    if found is not None:
        return found
    if pair.has_expired():
        return "expired", _expired(pair)
    if "betas" in changed and pair.part is None:
        return "betas", "anthropic-beta changed, and nothing else did"
    if pair.part is None and pair.lifetime() is not None:
        return "provider", "the provider lost it: the prefix is the same and was young enough"
    return (
        "unknown",
        "what differs does not explain it: tools and system are the same and were not read either",
    )


def _of_messages(pair: Compared) -> tuple[Cause, str] | None:
    """What drops the messages from the cache, but no tools and system; None where those are missing too."""
    if not pair.read and pair.part == "messages" and pair.index:
        return None
    if "thinking" in pair.changed:
        return "thinking", "thinking was set otherwise, which drops the messages from the cache"
    if "tool_choice" in pair.changed:
        return "tool choice", "tool_choice was set otherwise, which drops the messages from the cache"
    if pair.part != "messages":
        return None
    old, new = pair.old.elements("messages"), pair.new.elements("messages")
    if images(old) != images(new) and without_images(old) == without_images(new)[: len(old)]:
        return "images", f"images were added, removed or moved, first in message {pair.index}"
    return "history", f"message {pair.index} is not what it was"


def _expired(pair: Compared) -> str:
    lifetime = pair.lifetime() or 0.0
    minutes = pair.gap / 60
    passed = f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    text = f"{passed} passed, what was cached lives for {lifetime / 60:.0f}"
    if pair.read:
        text += f"; {thousands(pair.read)} of tools and system were kept warm by other sessions"
    return text


def _tools(pair: Compared) -> tuple[Cause, str]:
    old, new = pair.old.digests["tools"], pair.new.digests["tools"]
    if sorted(old) == sorted(new):
        return "tools order", "the same tools in another order"
    found = [one for one in changes("tools", pair.old, pair.new) if one["kind"] != "moved"]
    names = ", ".join(f"{one['name']} {one['kind']}" for one in found[:3])
    return "tools", f"the tools changed: {names}"


def _first_difference(before: Side, sent: Side) -> tuple[Part | None, int | None]:
    for name in ORDER:
        old, new = _in_prefix(before, name), _in_prefix(sent, name)
        same = common([key for key, _ in old], [key for key, _ in new])
        if same < len(old) or (name != "messages" and same < len(new)):
            return name, new[same][1] if same < len(new) else len(sent.digests[name])
    return None, None


def _in_prefix(side: Side, name: Part) -> list[tuple[bytes, int]]:
    """Keys and places of a list's elements, without the tools that the model gets only when it asks."""
    found = [(key, index) for index, key in enumerate(side.digests[name])]
    if name != "tools":
        return found
    tools = side.elements("tools")
    return [
        one
        for one in found
        if not (isinstance(tools[one[1]], Mapping) and tools[one[1]].get("defer_loading"))
    ]


def _changed(before: Sent, sent: Sent) -> dict[str, list[Any]]:
    pairs = {
        "model": (before.model, sent.model),
        "thinking": (before.body.get("thinking"), sent.body.get("thinking")),
        "tool_choice": (before.body.get("tool_choice"), sent.body.get("tool_choice")),
        "speed": (before.body.get("speed"), sent.body.get("speed")),
        "betas": (before.betas, sent.betas),
    }
    return {name: [old, new] for name, (old, new) in pairs.items() if old != new}
