"""What a replay came to: which requests were as recorded, which differed and in what, which never came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from claude_lens.replay.differing import Part
from claude_lens.replay.record import Recorded


class Divergence(TypedDict):
    """A request that was another than the recorded one. ``agent`` is None for the main one.

    ``turn`` counts the agent's requests from 1. ``exchange_id`` is the recorded request's, None where there
    was none left; ``part`` is the first that differed, ``parts`` are all of them.
    """

    agent: str | None
    turn: int | None
    exchange_id: str | None
    part: str
    difference: str
    parts: list[dict[str, str]]


class Told(TypedDict):
    """The JSON form. ``following`` counts requests that repeat what an earlier one differed in.

    ``unused_requests`` are the ids of what was recorded and did not come; helper requests (titles, counts) do
    not count in ``unused``. ``live`` counts requests that were passed on. ``problems`` was told at the start.
    """

    session_id: str
    matched: int
    diverged: list[Divergence]
    following: int
    unused: int
    unused_requests: list[str]
    live: int
    problems: list[str]
    client: str | None
    exit_code: int


@dataclass(slots=True)
class Outcome:
    """Collects while the replay runs. ``client_session``: the id of the session that the client has now."""

    session_id: str
    matched: int = 0
    following: int = 0
    live: int = 0
    diverged: list[Divergence] = field(default_factory=list)
    unused: list[Recorded] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    client: str | None = None
    client_session: str | None = None
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def begin(self) -> None:
        """Forget what was found, as it begins anew."""
        self.matched = self.following = self.live = 0
        self.diverged, self.unused, self.client_session = [], [], None
        self._seen.clear()

    def differs(self, line: str, agent: str | None, recorded: Recorded | None, parts: list[Part]) -> bool:
        """Note a request that differs; False where an earlier one of its agent differed in just this."""
        fresh = [part for part in parts if (line, part.name, part.difference) not in self._seen]
        self._seen.update((line, part.name, part.difference) for part in parts)
        if parts and not fresh:
            self.following += 1
            return False
        first = fresh[0] if fresh else Part("request", "the record holds no such request")
        self.diverged.append(
            {
                "agent": agent,
                "turn": recorded.turn if recorded else None,
                "exchange_id": recorded.id if recorded else None,
                "part": first.name,
                "difference": first.difference,
                "parts": [{"part": part.name, "difference": part.difference} for part in fresh],
            }
        )
        return True

    @property
    def exit_code(self) -> int:
        """0 where nothing diverged, else 1."""
        missing = [one for one in self.unused if one.turn is not None]
        return 1 if self.diverged or (missing and not self.live) else 0

    def told(self) -> Told:
        """The JSON form."""
        missing = [one for one in self.unused if one.turn is not None]
        return {
            "session_id": self.session_id,
            "matched": self.matched,
            "diverged": self.diverged,
            "following": self.following,
            "unused": len(missing),
            "unused_requests": [one.id for one in self.unused],
            "live": self.live,
            "problems": self.problems,
            "client": self.client,
            "exit_code": self.exit_code,
        }
