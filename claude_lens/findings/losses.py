"""What kinds of findings are made of: single losses, and those of one kind and subject together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any, Final

from claude_lens.findings.session import Session

MOST_EVIDENCE: Final = 100
"""So many exchanges are named at most."""
MOST_LABELS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One thing that was wasted, by the exchange that shows it.

    ``usd``, ``tokens`` and ``ms`` are what it cost beyond what was needed; ``measured``: they follow from the
    provider's counts and recorded prices alone. ``subject`` tells what the remedy is about, losses with the
    same one are one finding; ``label`` names one of several things within it. ``extra`` are figures of the
    kind's own, added up. ``veto``: no loss, but a sign that the subject is no waste at all.
    """

    exchange_id: str
    at: float
    project: str | None
    usd: float = 0.0
    tokens: int = 0
    ms: float = 0.0
    measured: bool = False
    subject: str = ""
    label: str = ""
    extra: Mapping[str, float] = field(default_factory=dict)
    veto: bool = False


@dataclass(slots=True)
class Sum:
    """Losses of one kind and subject together; ``evidence`` is what each exchange lost, in US dollars."""

    subject: str
    project: str | None
    count: int = 0
    usd: float = 0.0
    tokens: int = 0
    ms: float = 0.0
    measured: bool = True
    vetoed: bool = False
    sessions: set[str] = field(default_factory=set)
    evidence: dict[str, float] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    extra: dict[str, float] = field(default_factory=dict)

    def add(self, session: str, loss: Loss) -> None:
        """One more."""
        if loss.veto:
            self.vetoed = True
            return
        self.count += 1
        self.usd, self.tokens, self.ms = self.usd + loss.usd, self.tokens + loss.tokens, self.ms + loss.ms
        self.measured = self.measured and loss.measured
        self.sessions.add(session)
        weight = loss.usd or loss.ms / 1e9
        self.evidence[loss.exchange_id] = self.evidence.get(loss.exchange_id, 0.0) + weight
        if loss.label:
            self.labels[loss.label] += 1
        for name, value in loss.extra.items():
            self.extra[name] = self.extra.get(name, 0.0) + value

    def merge(self, other: Sum) -> None:
        """Add those of other sessions."""
        self.count, self.usd = self.count + other.count, self.usd + other.usd
        self.tokens, self.ms = self.tokens + other.tokens, self.ms + other.ms
        self.measured, self.vetoed = self.measured and other.measured, self.vetoed or other.vetoed
        self.sessions |= other.sessions
        for name, value in other.evidence.items():
            self.evidence[name] = self.evidence.get(name, 0.0) + value
        self.labels.update(other.labels)
        for name, value in other.extra.items():
            self.extra[name] = self.extra.get(name, 0.0) + value

    def plain(self) -> dict[str, Any]:
        """As JSON, without the sessions: of one session alone. Of its evidence the dearest hundred."""
        dearest = sorted(self.evidence.items(), key=lambda one: (-one[1], one[0]))[:MOST_EVIDENCE]
        return {
            "subject": self.subject,
            "project": self.project,
            "count": self.count,
            "usd": self.usd,
            "tokens": self.tokens,
            "ms": self.ms,
            "measured": self.measured,
            "vetoed": self.vetoed,
            "evidence": dict(dearest),
            "labels": dict(self.labels.most_common(MOST_LABELS)),
            "extra": self.extra,
        }

    @classmethod
    def of(cls, session: str, plain: Mapping[str, Any]) -> Sum:
        """The sum behind :meth:`plain`. Raises ``TypeError`` where it is none."""
        found = cls(**plain)
        found.labels = Counter(found.labels)
        found.sessions = {session} if found.count else set()
        return found

    def dearest(self) -> str:
        """The exchange that lost most."""
        return max(self.evidence, key=self.evidence.__getitem__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. ``losses`` looks through a session, ``told`` gives a sentence and a remedy.

    ``by_project``: what is to be done about it is each project's own.
    """

    name: str
    losses: Callable[[Session], Iterable[Loss]]
    told: Callable[[Sum], tuple[str, str]]
    by_project: bool = True


def ident(kind: Kind, project: str | None, subject: str) -> str:
    """A finding's id: the same whenever, and over whatever range, it is looked for."""
    key = "\0".join((kind.name, project or "", subject)) if kind.by_project else f"{kind.name}\0{subject}"
    return f"{kind.name}-{blake2s(key.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def times(number: int) -> str:
    """``once``, ``twice``, ``7 times``."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def named(labels: Mapping[str, int], most: int = 3) -> str:
    """The labels that occur most, with how often: ``a.py (5 times), b.py (twice)``."""
    found: Sequence[tuple[str, int]] = sorted(labels.items(), key=lambda one: (-one[1], one[0]))
    words = ", ".join(f"{label} ({times(number)})" for label, number in found[:most])
    return words + (f" and {len(found) - most} more" if len(found) > most else "")
