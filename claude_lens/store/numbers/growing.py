"""What a database's sizes of many days say about its growth. Imports nothing that asks a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypedDict

SPANS: Final = (1, 7, 30)


class Size(Protocol):
    """A day's size: ``day`` since the epoch, ``bytes`` and ``exchanges`` at its end."""

    @property
    def day(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def exchanges(self) -> int: ...


class Growth(TypedDict):
    """What came, on average a day, over so many days; less than nothing where more went than came."""

    days: int
    bytes_per_day: float
    exchanges_per_day: float


def spans(sizes: Sequence[Size]) -> list[Growth]:
    """Over the last day, 7 and 30 days, as far as ``sizes``, the newest first, are known; empty for one.

    A span begins with the newest size that is at least so old, else with the oldest.
    """
    found: dict[int, Growth] = {}
    for span in SPANS if len(sizes) > 1 else ():
        one = _over(sizes, span)
        found.setdefault(one["days"], one)
    return list(found.values())


def _over(sizes: Sequence[Size], span: int) -> Growth:
    newest = sizes[0]
    first = next((one for one in sizes if newest.day - one.day >= span), sizes[-1])
    days = newest.day - first.day
    return {
        "days": days,
        "bytes_per_day": (newest.bytes - first.bytes) / days,
        "exchanges_per_day": (newest.exchanges - first.exchanges) / days,
    }
