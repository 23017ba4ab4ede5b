"""What an exchange spent, as the recorder priced it: the facts from which every sum is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from claude_lens.guard.rules import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A window of a subscription as an answer told it: ``used`` of 1, ``resets_at`` in seconds (UTC)."""

    account: str
    name: str
    used: float
    resets_at: float | None = None
    at: float = 0.0
    status: str | None = None
    representative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """One exchange, or ``requests`` of them that are alike (``id`` is then empty).

    ``at`` is when it began (seconds, UTC); ``usd`` is that of the ``requests`` less the ``unpriced``, whose
    price is unknown. ``refused`` names the rule that stopped it, ``free`` is what no limit counts.
    """

    id: str = ""
    at: float
    usd: float = 0.0
    requests: int = 1
    unpriced: int = 0
    free: bool = False
    refused: str | None = None
    who: Who
    readings: tuple[Reading, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON without what says nothing."""
        shown = {name: getattr(self, name) for name in _PLAIN if getattr(self, name)}
        shown["who"] = who_json(self.who)
        if self.readings:
            shown["readings"] = [{name: getattr(one, name) for name in _READING} for one in self.readings]
        if self.requests != 1:
            shown["requests"] = self.requests
        return shown


def who_json(who: Who) -> dict[str, str]:
    """Who asked, as JSON."""
    return {name: value for name in _WHO if (value := getattr(who, name)) is not None}


def who_from(told: Mapping[str, Any]) -> Who:
    """What :func:`who_json` wrote."""
    return Who(**{name: value for name, value in told.items() if name in _WHO})


def from_json(told: Mapping[str, Any]) -> Spent:
    """What :meth:`Spent.to_json` wrote; names that are not known are left out. Raises TypeError, KeyError."""
    plain = {name: told[name] for name in (*_PLAIN, "requests") if name in told}
    readings = tuple(
        Reading(**{name: value for name, value in one.items() if name in _READING})
        for one in told.get("readings", ())
    )
    return Spent(who=who_from(told["who"]), readings=readings, **plain)


_WHO = frozenset(field.name for field in fields(Who))
_READING = frozenset(field.name for field in fields(Reading))
_PLAIN = ("id", "at", "usd", "unpriced", "free", "refused")
