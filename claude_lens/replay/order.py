"""Keeps the order of the record: an answer ends only when what had begun before its end has begun again.

So agents that work at the same time get and give their answers in the order in which they once did, however
fast each of them is now. What never comes is given up after a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from claude_lens.replay.record import Recorded

PATIENCE: Final = 2.0
"""Seconds in which nothing happens, after which what is waited for is given up."""
_MARGIN: Final = 0.003


class Order:
    """Waits within one event loop. ``patience``: see :data:`PATIENCE`; ``awaits``: see ``Record``."""

    def __init__(
        self,
        requests: Sequence[Recorded],
        patience: float = PATIENCE,
        awaits: Mapping[int, int] | None = None,
    ) -> None:
        self._requests = {one.order: one for one in requests}
        self._awaits = {
            order: other for order, other in (awaits or {}).items() if {order, other} <= self._requests.keys()
        }
        self._orders = [one.order for one in requests]
        self._lines: dict[str, list[Recorded]] = {}
        for one in requests:
            self._lines.setdefault(one.line, []).append(one)
        self._together = _together(requests)
        self._arrived: set[int] = set()
        self._ready: set[int] = set()
        self._ended: set[int] = set()
        self._given_up: set[int] = set()
        self._patience = patience
        self._moved = asyncio.Event()

    def arrived(self, recorded: Recorded) -> None:
        """It has been asked for."""
        self._arrived.add(recorded.order)
        self._moved.set()

    def ended(self, recorded: Recorded) -> None:
        """Its answer is out, or its client is gone."""
        self._ended.add(recorded.order)
        self._moved.set()

    def all_before(self, order: int) -> bool:
        """Whether everything that came before this one in the record is over, or was given up."""
        over = self._ended | self._given_up
        return all(one in over for one in self._orders if one < order)

    async def before_end(self, recorded: Recorded) -> None:
        """Wait until the answer to ``recorded`` may end."""
        if len(self._lines) == 1:
            return
        self._ready.add(recorded.order)
        self._moved.set()
        while missing := self._missing(recorded):
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), self._patience)
            except TimeoutError:
                self._give_up(missing)

    def _missing(self, recorded: Recorded) -> list[Recorded]:
        """What other agents had asked for, or had been told, before the end of this one."""
        found = [self._requests[self._awaits[recorded.order]]] if self._is_held(recorded) else []
        together = self._together[recorded.order]
        for line, requests in self._lines.items():
            if line == recorded.line:
                continue
            for one in requests:
                if one.order in self._given_up:
                    continue
                asked = one.order in self._arrived
                if not asked and one.started_at < recorded.ended_at - _MARGIN:
                    found.append(one)
                elif self._is_held(one):
                    continue
                elif (one.ended_at < recorded.ended_at and one.order not in self._ended) or (
                    one.order in together and one.order not in self._ready
                ):
                    found.append(one)
        return found

    def _is_held(self, one: Recorded) -> bool:
        """Whether nobody was told of this answer before a request that has not come yet."""
        other = self._awaits.get(one.order)
        return other is not None and other not in self._arrived and other not in self._given_up

    def _give_up(self, missing: Sequence[Recorded]) -> None:
        for one in missing:
            # A helper request that does not come once will not come later.
            again = self._lines[one.line] if one.turn is None else [one]
            self._given_up.update(each.order for each in again)


def _together(requests: Sequence[Recorded]) -> dict[int, frozenset[int]]:
    """Answers that ended without a request in between: their clients took them in together."""
    moments = sorted(
        [(one.started_at, 0, one.order) for one in requests]
        + [(one.ended_at, 1, one.order) for one in requests]
    )
    found: dict[int, frozenset[int]] = {}
    run: list[int] = []
    for _, is_end, order in [*moments, (0.0, 0, -1)]:
        if is_end:
            run.append(order)
        else:
            found.update((one, frozenset(run)) for one in run)
            run = []
    return found
