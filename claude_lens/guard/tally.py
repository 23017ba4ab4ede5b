"""One sum under a limit: of a rule in its window, or of a rule in one session."""

from __future__ import annotations

from dataclasses import dataclass, field

from claude_lens.guard.rules import Rule, Who

ROUGHLY = 1e-9


@dataclass(slots=True)
class Ticket:
    """A request in flight: what it will likely spend, and at most; the sums that hold it.

    ``ended`` is when its answer ended (seconds), from when on the recorder's word is awaited.
    """

    id: str
    who: Who
    at: float
    likely: float = 0.0
    most: float = 0.0
    ended: float | None = None
    tallies: list[Tally] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """Dollars, requests and those of unknown price from ``begin`` to ``end`` (None: no end)."""

    rule: Rule
    session: str | None = None
    begin: float = 0.0
    end: float | None = None
    usd: float = 0.0
    requests: int = 0
    unpriced: int = 0
    extra: float = 0.0
    told: int = 0
    open: dict[str, Ticket] = field(default_factory=dict)
    likely: float = 0.0
    most: float = 0.0
    others_likely: float = 0.0
    others_most: float = 0.0
    others: int = 0

    def hold(self, ticket: Ticket) -> None:
        """Keep room for a request in flight."""
        self.open[ticket.id] = ticket
        self.likely += ticket.likely
        self.most += ticket.most
        ticket.tallies.append(self)

    def release(self, ticket: Ticket) -> None:
        """Let go of it."""
        if self.open.pop(ticket.id, None) is None:
            return
        self.likely -= ticket.likely
        self.most -= ticket.most
        if not self.open:
            self.likely = self.most = 0.0

    @property
    def limit(self) -> float:
        """The rule's limit with what was allowed on top."""
        return self.rule.limit + self.extra

    @property
    def spent(self) -> float:
        """What is spent for good, in the rule's unit."""
        return self.usd if self.rule.kind == "usd" else float(self.requests)

    @property
    def reserved(self) -> float:
        """What requests in flight may still spend, those of other proxies included."""
        if self.rule.kind == "usd":
            return self.most + self.others_most
        return float(len(self.open) + self.others)

    def full(self) -> bool:
        """Whether nothing is left, whatever those in flight spend."""
        return self.spent >= self.limit - ROUGHLY * min(1.0, self.limit)

    def crowded(self, strict_from: float) -> bool:
        """Whether those in flight may use up what is left.

        Far from the limit what they will likely spend is looked at, from ``strict_from`` (a part of it) on
        all that they could: so that a request is held up only where the limit is near.
        """
        if self.rule.kind != "usd":
            return self.spent + self.reserved >= self.limit
        likely = self.usd + self.likely + self.others_likely
        if likely >= self.limit:
            return True
        return likely >= strict_from * self.limit and self.usd + self.most + self.others_most >= self.limit
