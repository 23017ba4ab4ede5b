"""What each request of an agent added to its conversation, from the chains of their messages alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from claude_lens.store.schema import ROOT_NODE

Chains = Mapping[int, tuple[int, int]]
"""Nodes: parent and content by key, for all that come before one too."""


class Steps:
    """Nodes that stand for the same messages after the same messages, in whatever form, are one step.

    ``same`` names the content that another one stands for.
    """

    def __init__(self, chains: Chains, same: Mapping[int, int]) -> None:
        self._chains = chains
        self._same = same
        self._steps = {ROOT_NODE: ROOT_NODE}
        numbers: dict[tuple[int, int], int] = {}
        # A parent is always older than its children.
        for node in sorted(chains):
            parent, piece = chains[node]
            place = (self._steps[parent], same.get(piece, piece))
            self._steps[node] = numbers.setdefault(place, len(numbers) + 1)

    def step(self, node: int) -> int:
        """What a node stands for."""
        return self._steps[node]

    def up(self, node: int) -> tuple[int, int]:
        """The node before, and the content of this one."""
        return self._chains[node]

    def plain(self, piece: int) -> int:
        """The content that this one stands for."""
        return self._same.get(piece, piece)


class Line:
    """The requests of one agent, one after the other."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._known: set[int] = set()
        self._ends: set[int] = {ROOT_NODE}
        self._last = ROOT_NODE

    def fresh(self, tip: int | None, *, beside: bool = False) -> tuple[list[int], bool]:
        """The contents that a request, whose messages end with this node, is the first to send.

        And whether it shares no message with what came before. ``beside``: it is no part of the conversation.
        """
        path: list[int] = []
        node = ROOT_NODE if tip is None else tip
        while node != ROOT_NODE and self._steps.step(node) not in self._known:
            self._known.add(self._steps.step(node))
            node, piece = self._steps.up(node)
            path.append(piece)
        path.reverse()
        before = self._steps.step(node)
        new = path
        if before not in self._ends or (path and node == ROOT_NODE):
            new = self._without(path, self._since(before))
        if tip is not None:
            self._ends.add(self._steps.step(tip))
            self._last = self._last if beside else tip
        return new, node == ROOT_NODE and len(new) == len(path)

    def _since(self, step: int) -> list[int]:
        """What the last request of the conversation sent after this step."""
        found: list[int] = []
        node = self._last
        while node != ROOT_NODE and self._steps.step(node) != step:
            node, piece = self._steps.up(node)
            found.append(self._steps.plain(piece))
        return found[::-1]

    def _without(self, path: Sequence[int], before: Sequence[int]) -> list[int]:
        """``path`` without what was there before in the same order: something in front of it changed."""
        places: dict[int, list[int]] = {}
        for index, piece in enumerate(before):
            places.setdefault(piece, []).append(index)
        kept, after = [], 0
        for piece in path:
            found = places.get(self._steps.plain(piece), [])
            index = bisect_left(found, after)
            if index < len(found):
                after = found[index] + 1
            else:
                kept.append(piece)
        return kept
