"""Which agent a transcript's answer is of.

Since 2.0 Claude Code says so on each line of a subagent. Before, subagents stood among the main agent's lines
(``isSidechain``) without a name: each such branch is an agent of its own, called after the line it grew from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from claude_lens.exchange import Agent
from claude_lens.messages.blocks import content_blocks
from claude_lens.messages.spawns import Spawn
from claude_lens.store.transfer.notes import PARENT
from claude_lens.store.transfer.trees import Answer, Line, Place, Tree, content_of, text

Read = Callable[[Place], Mapping[str, Any]]
"""Reads a line of the file again."""


class Sidechains:
    """The subagents of one transcript. ``meta`` is what the client wrote beside the file of one agent."""

    def __init__(self, tree: Tree, read: Read, meta: Mapping[str, Any]) -> None:
        self._tree, self._meta = tree, meta
        self._spawned = _spawned(tree, read)
        self._roots: dict[str, Line] = {}

    def agent(self, answer: Answer, raw: Mapping[str, Any]) -> Agent:
        """Who gave this answer, whose first line is ``raw``."""
        if not answer.first.side:
            return Agent(evidence="default")
        root = self._root(answer.first)
        named = text(raw.get("agentId"))
        spawn = self._spawned.get(root.uuid)
        meta, name = self._meta, text(self._meta.get("agentType")) or (spawn.agent if spawn else None)
        return Agent(
            id=named or _name(root),
            parent_id=text(meta.get(PARENT)),
            # As the client's own headers have it: every agent of the user's own is just that.
            type="custom" if meta.get("isBuiltIn") is False else name,
            name=name,
            description=text(meta.get("description")) or (spawn.description if spawn else None),
            spawn_tool_use_id=spawn.call_id if spawn else text(meta.get("toolUseId")),
            evidence="file" if named or spawn is None else "spawn",
        )

    def _root(self, line: Line) -> Line:
        """The first line of the branch; for the next answer on it the way is short."""
        root = line
        for above in self._tree.above(line):
            root = self._roots.get(above.uuid, above)
            if above.uuid in self._roots:
                break
        self._roots[line.uuid] = root
        return root


def _name(root: Line) -> str:
    return "s" + hashlib.blake2b(root.uuid.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _spawned(tree: Tree, read: Read) -> dict[str, Spawn]:
    """By the first line of a subagent: the call that started it, which told it the same words."""
    called: dict[str, list[Spawn]] = {}
    for answer in tree.answers.values():
        for spawn in answer.spawns.values():
            called.setdefault(spawn.prompt.strip(), []).append(spawn)
    found: dict[str, Spawn] = {}
    for line in tree.lines.values():
        above = tree.lines.get(line.parent or "")
        if not called or not line.side or (above is not None and above.side):
            continue
        told = "\n".join(
            str(block.get("text") or "") for block in content_blocks(content_of(read(line.place)))
        )
        # Where several were told the same, they began in the order of their calls.
        if waiting := called.get(told.strip()):
            found[line.uuid] = waiting.pop(0)
    return found
