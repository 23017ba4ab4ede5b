"""Rules: who may spend how much of what, and whether a request is among those meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from claude_lens.guard.windows import Window

Kind = Literal["usd", "requests", "agents", "depth", "plan"]
Mode = Literal["stop", "warn"]
PlanWindow = Literal["5h", "7d"]

MAIN: Final = "main"
EACH: Final = "*"
"""The session of a limit that holds for each session by itself."""

SCOPES: Final = ("agent", "session", "project", "model", "user", "account")
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks. ``agent`` is ``main``, a subagent's name, empty for one without, None for neither.

    ``user`` is the alias of a virtual key, ``project`` the folder in which the client runs, ``model`` the one
    that answers, ``agent_id`` and ``parent_id`` are those of subagents.
    """

    session: str | None = None
    agent: str | None = None
    agent_id: str | None = None
    parent_id: str | None = None
    project: str | None = None
    model: str | None = None
    user: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A ceiling. ``limit`` is in dollars, requests, agents, levels or (plan) a share of 1.

    ``scope`` holds some of :data:`SCOPES`; without ``window`` a limit in dollars or requests is that of each
    session's life. ``plan`` names the window of the subscription. ``source`` says where it is written.
    """

    kind: Kind
    limit: float
    window: Window | None = None
    scope: Mapping[str, str] = field(default_factory=dict)
    plan: PlanWindow | None = None
    mode: Mode = "stop"
    source: str = ""

    @property
    def id(self) -> str:
        """What the rule is called: its scope, what it counts where that is not dollars, its window."""
        parts = [
            name if value == EACH and name == "session" else f"{name}:{value}"
            for name, value in self._named()
        ]
        if self.kind == "agents":
            parts.append("agents-per-session")
        elif self.kind == "plan":
            parts.append(f"plan:{self.plan}")
        elif self.kind != "usd":
            parts.append(self.kind)
        return ("+".join(parts) or "all") + (f"/{self.window}" if self.window else "")

    def _named(self) -> list[tuple[str, str]]:
        return [(name, self.scope[name]) for name in SCOPES if name in self.scope]

    @property
    def by_session(self) -> bool:
        """Whether each session has a sum of its own."""
        if self.kind in ("agents", "depth"):
            return True
        return self.kind != "plan" and (self.window is None or "session" in self.scope)

    @property
    def unit(self) -> Literal["usd", "requests", "agents", "plan"]:
        """What the limit counts, as JSON says it."""
        return "agents" if self.kind == "depth" else self.kind

    @property
    def shown_scope(self) -> dict[str, Any]:
        """The scope as JSON shows it."""
        shown: dict[str, Any] = dict(self._named())
        if self.kind == "depth":
            shown["depth"] = int(self.limit)
        elif self.kind == "plan":
            shown["plan"] = self.plan
        elif self.by_session and "session" not in shown:
            shown["session"] = EACH
        return shown

    def applies(self, who: Who) -> bool:
        """Whether this rule has a say in what ``who`` asks; the session is looked at last."""
        scope = self.scope
        if "agent" in scope and not _agent(scope["agent"], who.agent):
            return False
        if "project" in scope and not _project(scope["project"], who.project):
            return False
        if "model" in scope and not _model(scope["model"], who.model):
            return False
        if "user" in scope and not (who.user and fnmatchcase(who.user, scope["user"])):
            return False
        if "account" in scope and scope["account"] not in (EACH, who.account):
            return False
        return self.only_session in (None, who.session)

    @property
    def only_session(self) -> str | None:
        """The one session that is meant; None where all are."""
        named = self.scope.get("session")
        return None if named == EACH else named


def _agent(pattern: str, name: str | None) -> bool:
    # As in routing: only ``main`` itself means the main agent, a star means every subagent.
    if name is None or name == MAIN or pattern == MAIN:
        return name == pattern
    return fnmatchcase(name, pattern)


def _project(pattern: str, folder: str | None) -> bool:
    if folder is None:
        return False
    if _WILD & set(pattern):
        return fnmatchcase(folder, pattern)
    whole = pattern.rstrip("/") or "/"
    return folder.rstrip("/") == whole.rstrip("/") or folder.startswith(whole.rstrip("/") + "/")


def _model(pattern: str, name: str | None) -> bool:
    if name is None:
        return False
    pattern, name = pattern.lower(), name.lower()
    return fnmatchcase(name, pattern) if _WILD & set(pattern) else pattern in name
