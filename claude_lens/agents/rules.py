"""Rules: which model answers whom. The first that matches wins; none means the model that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from claude_lens.agents.detect import CUSTOM
from claude_lens.exchange import Agent
from claude_lens.messages.helpers import AUXILIARY, COUNT, MAIN, SUBAGENT, SUBAGENT_CLASSES

BYTES_PER_TOKEN = 4
NOT_MAIN = frozenset((AUXILIARY,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What rules look at. ``agent`` is ``main``, a subagent's name, or empty for one without a name.

    ``tokens`` is an estimate of the input: the request's bytes by four. ``agent`` is None where neither
    fits: calls beside the conversation, other clients.
    """

    agent: str | None = None
    type: str | None = None
    request_class: str | None = None
    model: str | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions that must all hold (None: any), and the model that then answers.

    ``agent`` and ``model`` are globs; ``source`` says where the rule was written.
    """

    to: str
    source: str
    label: str
    agent: str | None = None
    type: str | None = None
    request_class: str | None = None
    model: str | None = None
    min_tokens: int | None = None

    def matches(self, question: Question) -> bool:
        """Whether all conditions hold. Only ``main`` itself means the main agent, ``*`` does not."""
        return (
            (self.agent is None or _agent_matches(self.agent, question.agent))
            and self.type in (None, question.type)
            and self.request_class in (None, question.request_class)
            and (self.model is None or fnmatchcase(question.model or "", self.model))
            and (self.min_tokens is None or question.tokens >= self.min_tokens)
        )

    def covers(self, other: Rule) -> bool:
        """Whether this rule surely matches whatever ``other`` matches."""
        if other.agent == MAIN or self.agent == MAIN:
            agents = self.agent in (None, other.agent)
        else:
            agents = _glob_covers(self.agent, other.agent)
        return (
            agents
            and self.type in (None, other.type)
            and self.request_class in (None, other.request_class)
            and _glob_covers(self.model, other.model)
            and (self.min_tokens or 0) <= (other.min_tokens or 0)
        )

    @property
    def impossible(self) -> str | None:
        """Why the conditions can never hold together; None where they can."""
        about_main = self.request_class in ("main", "auxiliary") or self.agent == MAIN
        about_subagent = self.type or self.request_class in SUBAGENT_CLASSES or self.agent not in (None, MAIN)
        if about_main and about_subagent:
            return "the main agent has no type, and is no subagent"
        if self.agent == MAIN and self.request_class in NOT_MAIN:
            return f"calls of class {self.request_class} are not the main agent's"
        if self.type and self.type != CUSTOM and self.agent and not fnmatchcase(self.type, self.agent):
            return f"an agent of type {self.type} is named {self.type}"
        return None


def first(rules: Iterable[Rule], question: Question) -> Rule | None:
    """The first rule that matches."""
    return next((rule for rule in rules if rule.matches(question)), None)


def question(agent: Agent, *, request_class: str | None, model: str | None, size: int) -> Question:
    """What rules look at in a request of ``agent``; ``size`` is the body's length in bytes.

    A count of tokens goes where the request goes that it is about.
    """
    if request_class == COUNT:
        request_class = None
    name = called(agent, request_class)
    return Question(
        agent=name,
        type=agent.type,
        request_class=request_class or (None if name is None else MAIN if name == MAIN else SUBAGENT),
        model=model,
        tokens=size // BYTES_PER_TOKEN,
    )


def called(agent: Agent, request_class: str | None) -> str | None:
    """``main``, a subagent's name, empty for one without; None for calls beside the conversation."""
    subagent = request_class in SUBAGENT_CLASSES or agent.evidence == "billing"
    if subagent or agent.id or agent.name or agent.type:
        return agent.name or ""
    return None if agent.evidence == "unknown" or request_class in NOT_MAIN else MAIN


def _agent_matches(glob: str, name: str | None) -> bool:
    if name is None or name == MAIN or glob == MAIN:
        return name == glob
    return fnmatchcase(name, glob)


def _glob_covers(wide: str | None, narrow: str | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None:
        return False
    # A star in the narrow glob is matched by the wide one's stars only, if those are its only wildcards.
    return not set(wide) & set("?[") and fnmatchcase(narrow, wide)
