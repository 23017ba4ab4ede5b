"""What an agent, and a session, does now: told from its newest request, and from how far its answer came.

The wire shows requests and answers only. What the client does in between is inferred: a tool runs from the
answer that calls it until its result is sent; a failed request is tried again for as long as the client
would wait with that. Whether a tool waits for a permission, and whether a session was ended, only a hook of
the client can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, TypedDict

from claude_lens.happened.saying import ASKING, about, foremost
from claude_lens.messages.calls import Call

Kind = Literal[
    "waiting_first_token",
    "streaming",
    "stalled",
    "tool",
    "retrying",
    "waiting_user",
    "done",
    "idle",
    "error",
    "refused",
]
ACTIVE: Final = frozenset({"waiting_first_token", "streaming", "stalled", "tool", "retrying"})
"""Kinds in which something is under way."""

STALLED_AFTER: Final = 5.0
"""Seconds without a byte after which an answer is not said to stream any more."""
IDLE_AFTER: Final = 1800.0
"""Seconds after which nobody is said to wait any more."""
RETRIED: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""Answers after which the client asks again by itself."""
TOOL_STOPS: Final = frozenset({"tool_use", "tool_calls"})
"""Why an answer ends that calls tools: Anthropic's word, and that of chat completions."""

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 32.0
_VARIES: Final = 1.25
_SLACK: Final = 3.0
"""Seconds that the client may take beyond its pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """An agent's newest request that goes on with its conversation.

    Times in seconds since the epoch; ``ended_at`` is None while it runs. ``said_at`` is when its first token
    came, ``last_at`` its last byte. ``calls`` are those of its answer that the client carries out.
    ``failed`` counts those in a row that failed, this one included; ``failed_with`` is why the one before
    failed, where this one tries again. ``retry_after``: seconds that the provider asked to wait;
    ``tries_again``: what it said of trying again. ``alone``: nobody can type: ``-p``, an SDK.
    """

    agent_id: str | None = None
    name: str = "main"
    status: str = "ok"
    http_status: int | None = None
    error: str | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    said_at: float | None = None
    last_at: float | None = None
    tokens: int = 0
    stop_reason: str | None = None
    calls: Sequence[Call] = ()
    failed: int = 0
    failed_with: str | None = None
    retry_after: float | None = None
    tries_again: bool | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """A state. ``detail`` says it in words; ``tokens`` and ``last_at`` of an answer that comes, ``again_at``
    when a failed request is sent again, ``tries`` how often it failed. Times in seconds since the epoch."""

    kind: Kind
    since: float
    tool: str | None = None
    detail: str | None = None
    tokens: int | None = None
    last_at: float | None = None
    again_at: float | None = None
    tries: int | None = None


class AgentState(TypedDict):
    """A state in JSON. Times are ISO 8601."""

    agent_id: str | None
    agent: str
    kind: Kind
    since: str
    tool: str | None
    detail: str | None
    tokens: int | None
    last_byte_at: str | None
    retry_at: str | None
    tries: int | None


class SessionState(AgentState):
    """That of a session: of its main agent, or of the one that is at work while that one waits.

    ``agents`` are those of whom something is under way, and the main one.
    """

    agents: list[AgentState]


def of_agent(newest: Newest, now: float) -> Doing:
    """What an agent does."""
    if newest.ended_at is None and newest.status == "running":
        return _answering(newest, now)
    ended = newest.started_at if newest.ended_at is None else newest.ended_at
    if newest.status == "refused":
        return Doing(kind="refused", since=ended, detail=newest.error)
    if newest.status == "cancelled":
        return _over(newest, ended, "interrupted")
    if newest.status != "ok":
        return _failed(newest, ended, now)
    if newest.stop_reason == "refusal":
        return Doing(kind="refused", since=ended, detail="the model would not answer")
    call = foremost(newest.calls) if newest.stop_reason in TOOL_STOPS or newest.calls else None
    if call is None:
        waits_for_result = newest.stop_reason in TOOL_STOPS
        return Doing(kind="tool", since=ended) if waits_for_result else _over(newest, ended, None)
    if call.name in ASKING:
        return Doing(kind="waiting_user", since=ended, tool=call.name, detail=about(call))
    return Doing(kind="tool", since=ended, tool=call.name, detail=_several(about(call), len(newest.calls)))


def _answering(newest: Newest, now: float) -> Doing:
    again = None
    if newest.failed_with:
        again = f"after {newest.failed_with}, {_nth(newest.failed + 1)} try"
    if newest.said_at is None:
        return Doing(kind="waiting_first_token", since=newest.started_at, detail=again)
    last = newest.said_at if newest.last_at is None else newest.last_at
    silent = now - last
    if silent >= STALLED_AFTER:
        words = f"no byte for {silent:.0f} s, after {newest.tokens} tokens"
        return Doing(kind="stalled", since=last, detail=words, tokens=newest.tokens, last_at=last)
    words = f"{newest.tokens} tokens, last byte {max(0.0, silent):.1f} s ago"
    return Doing(kind="streaming", since=newest.said_at, detail=words, tokens=newest.tokens, last_at=last)


def _failed(newest: Newest, ended: float, now: float) -> Doing:
    cause = failure(newest.http_status, newest.status)
    if newest.status == "interrupted" or not _is_retried(newest):
        return Doing(kind="error", since=ended, detail=newest.error or cause, tries=newest.failed)
    pause = newest.retry_after
    longest = pause if pause is not None else _pause(newest.failed)
    if now > ended + longest + _SLACK:
        return Doing(kind="error", since=ended, detail=newest.error or cause, tries=newest.failed)
    again_at = None if pause is None else ended + pause
    left = "" if again_at is None else f", again in {max(0.0, again_at - now):.1f} s"
    words = f"after {cause}, {_nth(newest.failed)} time{left}"
    return Doing(kind="retrying", since=ended, detail=words, again_at=again_at, tries=newest.failed)


def failure(http_status: int | None, status: str) -> str:
    """A failure in a word: its HTTP status, or how the answer broke off."""
    if status == "interrupted":
        return "the proxy's end"
    return str(http_status) if http_status is not None and http_status >= 400 else "a cut answer"


def _is_retried(newest: Newest) -> bool:
    if newest.tries_again is not None:
        return newest.tries_again
    # An answer without a status, or one that was cut, is a connection that broke: the client asks again.
    return newest.http_status is None or newest.http_status < 400 or newest.http_status in RETRIED


def _pause(failed: int) -> float:
    return min(_FIRST_PAUSE * 2.0 ** max(0, failed - 1), _LONGEST_PAUSE) * _VARIES


def _over(newest: Newest, ended: float, detail: str | None) -> Doing:
    kind: Kind = "done" if newest.alone or newest.agent_id is not None else "waiting_user"
    return Doing(kind=kind, since=ended, detail=detail)


def of_session(
    main: Newest | None,
    others: Sequence[Newest],
    now: float,
    *,
    ended_at: float | None = None,
    permission: tuple[float, str | None] | None = None,
) -> SessionState | None:
    """What a session does; None where there is no conversation in it.

    ``ended_at``: when the client said that it ended. ``permission``: when it last asked, and what for.
    """
    agents = ([main] if main else []) + list(others)
    if not agents:
        return None
    doing = [(one, _permitted(of_agent(one, now), permission)) for one in agents]
    latest = max(found.since if one.ended_at is not None else now for one, found in doing)
    quiet = now - latest >= IDLE_AFTER
    if ended_at is not None and all(one.started_at <= ended_at for one in agents):
        doing = [(one, Doing(kind="done", since=ended_at)) for one, _ in doing]
    elif quiet:
        doing = [(one, _idle(found)) for one, found in doing]
    first = doing[0]
    if first[1].kind not in ACTIVE:
        # Whoever began to do something last is at work for it.
        at_work = [pair for pair in doing[1:] if pair[1].kind in ACTIVE]
        first = max(at_work, key=lambda pair: pair[1].since, default=first)
    shown = [pair for pair in doing if pair[1].kind in ACTIVE or pair[0].agent_id is None]
    return {**_json(*first), "agents": [_json(*pair) for pair in shown]}


def _permitted(found: Doing, permission: tuple[float, str | None] | None) -> Doing:
    if permission is None or found.kind != "tool" or permission[0] < found.since:
        return found
    words = " · ".join(filter(None, ("awaiting permission", found.detail)))
    return replace(found, kind="waiting_user", since=permission[0], detail=words)


def _idle(found: Doing) -> Doing:
    return replace(found, kind="idle") if found.kind in ("waiting_user", "tool", "retrying") else found


def _json(newest: Newest, found: Doing) -> AgentState:
    return {
        "agent_id": newest.agent_id,
        "agent": newest.name,
        "kind": found.kind,
        "since": iso(found.since),
        "tool": found.tool,
        "detail": found.detail,
        "tokens": found.tokens,
        "last_byte_at": None if found.last_at is None else iso(found.last_at),
        "retry_at": None if found.again_at is None else iso(found.again_at),
        "tries": found.tries or None,
    }


def iso(seconds: float) -> str:
    """``2026-01-31T09:30:00.123Z``."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _several(words: str | None, count: int) -> str | None:
    return words if count < 2 else " ".join(filter(None, (words, f"and {count - 1} more")))


def _nth(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


WORDS: Final[Mapping[str, str]] = {
    "waiting_first_token": "waiting for first token",
    "streaming": "streaming",
    "stalled": "stalled",
    "tool": "running",
    "retrying": "retrying",
    "waiting_user": "waiting for you",
    "done": "done",
    "idle": "idle",
    "error": "error",
    "refused": "refused",
}
"""The kinds as people read them."""
