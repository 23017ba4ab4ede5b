"""Which agent a transcript's answer is of.

Since 2.0 Claude Code says so on each line of a subagent. Before, subagents stood among the main agent's lines
(``isSidechain``) without a name: each such branch is an agent of its own, called after the line it grew from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from claude_lens.exchange import Agent
from claude_lens.messages.blocks import content_blocks
from claude_lens.messages.spawns import Spawn, spawns
from claude_lens.store.transfer.trees import Answer, Line, Tree, text


class Sidechains:
    """The subagents of one transcript. ``meta`` is what the client wrote beside the file of one agent."""

    def __init__(self, tree: Tree, meta: Mapping[str, Any]) -> None:
        self._tree, self._meta = tree, meta
        self._spawned = _spawned(tree)

    def agent(self, answer: Answer) -> Agent:
        """Who gave this answer."""
        if not answer.first.side:
            return Agent(evidence="default")
        root = next(iter(self._tree.branch(answer.first)), answer.first)
        named = text(answer.first.raw.get("agentId"))
        spawn = self._spawned.get(root.uuid)
        return Agent(
            id=named or _name(root),
            type=text(self._meta.get("agentType")) or (spawn.agent if spawn else None),
            description=text(self._meta.get("description")) or (spawn.description if spawn else None),
            spawn_tool_use_id=spawn.call_id if spawn else None,
            evidence="file" if named or spawn is None else "spawn",
        )


def _name(root: Line) -> str:
    return "s" + hashlib.blake2b(root.uuid.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _spawned(tree: Tree) -> dict[str, Spawn]:
    """By the first line of a subagent: the call that started it, which told it the same words."""
    called: dict[str, list[Spawn]] = {}
    for answer in tree.answers.values():
        for spawn in spawns([{"role": "assistant", "content": answer.blocks}]):
            called.setdefault(spawn.prompt.strip(), []).append(spawn)
    found: dict[str, Spawn] = {}
    for line in tree.lines.values():
        above = tree.lines.get(line.parent or "")
        if not called or not line.side or (above is not None and above.side):
            continue
        told = "\n".join(str(block.get("text") or "") for block in content_blocks(line.content)).strip()
        # Where several were told the same, they began in the order of their calls.
        if waiting := called.get(told):
            found[line.uuid] = waiting.pop(0)
    return found
