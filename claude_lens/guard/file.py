"""Reads rules: ``guard.yaml`` in the home folder, and ``claude_lens: guard:`` of the configuration.

::

    rules:
      - {agent: code-reviewer, limit: 2/day}
      - session: 15
      - {project: /home/me/shop, limit: 50/week, mode: warn}
      - agents_per_session: 40
      - plan: 7d:90%
      - requests: 200/hour
    mode: stop                  # or warn, for all that do not say
    warn_at: 80%
    notify: {command: notify-lens, webhook: "http://127.0.0.1:9000/guard"}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from claude_lens.errors import ConfigError
from claude_lens.guard import amounts
from claude_lens.guard.rules import EACH, SCOPES, Kind, Mode, Rule

NAME: Final = "guard.yaml"
SECTION: Final = "claude_lens"
PART: Final = "guard"
KEYS: Final = ("rules", "mode", "warn_at", "notify", "allowed")
LIMITS: Final = ("limit", "requests", "agents_per_session", "depth", "plan")
_RULE: Final = (*SCOPES, *LIMITS, "mode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A rule lifted once: by ``amount``, or for good where that is None, in the window that holds ``at``.

    ``session`` is the one that it is lifted for, where each has a sum of its own.
    """

    rule: str
    at: float
    amount: float | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All that is written. ``warn_at`` is a part of 1."""

    rules: tuple[Rule, ...] = ()
    grants: tuple[Grant, ...] = ()
    warn_at: float = 0.8
    command: str | None = None
    webhook: str | None = None


@dataclass(slots=True)
class _Part:
    """One of the two places."""

    rules: list[Rule] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def load(home: Path, config: Path | None) -> Ruleset:
    """What both places say; ``guard.yaml`` goes first. Raises ConfigError with file and line."""
    own = _read(home / NAME)
    rest = _read(config, section=True) if config else _Part()
    known = {rule.id for rule in own.rules}
    rules = (*own.rules, *(rule for rule in rest.rules if rule.id not in known))
    options = {**rest.options, **own.options}
    return Ruleset(rules=rules, grants=(*own.grants, *rest.grants), **options)


def _read(path: Path, *, section: bool = False) -> _Part:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _Part()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, None, f"cannot be read: {error}") from None
    if section and f"{PART}:" not in text:
        return _Part()
    return parse(text, path, section=section)


def parse(text: str, path: Path, *, section: bool = False) -> _Part:
    """The rules in YAML. ``section``: below ``claude_lens: guard:``. Raises ConfigError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(path, mark.line + 1 if mark else None, f"not valid YAML: {problem}") from None
    reader = _Reader(path)
    if section:
        for name in (SECTION, PART):
            root = next((value for key, value in reader.pairs(root, name) if key == name), None)
            if root is None:
                return _Part()
    return reader.whole(root)


class _Reader:
    """Turns nodes into rules, so that every mistake has its line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def error(self, node: yaml.Node, problem: str) -> ConfigError:
        return ConfigError(self._path, int(node.start_mark.line) + 1, problem)

    def pairs(self, node: yaml.Node | None, what: str) -> list[tuple[str, yaml.Node]]:
        """Keys and values of a mapping, each key once."""
        if node is None or _is_null(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what} must be a mapping")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, f"expected a plain name in {what}")
            if key.value in found:
                raise self.error(key, f"{key.value} is given twice")
            found[key.value] = value
        return list(found.items())

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if _is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{what} must be a list")
        return list(node.value)

    def text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or _is_null(node) or not node.value.strip():
            raise self.error(node, f"{what} needs a value")
        return str(node.value).strip()

    def known(self, node: yaml.Node | None, what: str, names: tuple[str, ...]) -> dict[str, yaml.Node]:
        found = dict(self.pairs(node, what))
        for name, value in found.items():
            if name not in names:
                raise self.error(value, f"unknown key {name} in {what}: expected {', '.join(names)}")
        return found

    def whole(self, root: yaml.Node | None) -> _Part:
        part = _Part()
        found = self.known(root, "the rules of the guard" if root is None else NAME, KEYS)
        mode: Mode = self.mode(found["mode"]) if "mode" in found else "stop"
        if "warn_at" in found:
            part.options["warn_at"] = self.value(found["warn_at"], "warn_at", amounts.share)
        if "notify" in found:
            told = self.known(found["notify"], "notify", ("command", "webhook"))
            part.options |= {name: self.text(node, name) for name, node in told.items()}
            hook = part.options.get("webhook")
            if hook is not None and not hook.startswith(("http://", "https://")):
                raise self.error(told["webhook"], f"{hook!r} is no address: expected http://… or https://…")
        lines: dict[str, int] = {}
        for node in self.items(found["rules"], "rules") if "rules" in found else ():
            rule = self.rule(node, mode)
            line = int(node.start_mark.line) + 1
            if rule.id in lines:
                raise self.error(node, f"{rule.id} is limited twice: line {lines[rule.id]} does too")
            lines[rule.id] = line
            part.rules.append(rule)
        part.grants = (
            [self.grant(node) for node in self.items(found["allowed"], "allowed")]
            if "allowed" in found
            else []
        )
        return part

    def value(self, node: yaml.Node, what: str, read: Any) -> Any:
        try:
            return read(self.text(node, what))
        except ValueError as problem:
            raise self.error(node, f"{what}: {problem}") from None

    def mode(self, node: yaml.Node) -> Mode:
        told = self.text(node, "mode")
        if told not in ("stop", "warn"):
            raise self.error(node, f"mode: {told!r} is neither stop nor warn")
        return "warn" if told == "warn" else "stop"

    def rule(self, node: yaml.Node, mode: Mode) -> Rule:
        told = self.known(node, "a rule", _RULE)
        limits = [name for name in LIMITS if name in told]
        scope: dict[str, str] = {name: self.text(told[name], name) for name in SCOPES if name in told}
        if not limits and "session" in told:
            # ``session: 15`` is short for fifteen dollars for each.
            limits, told["limit"], scope["session"] = ["limit"], told["session"], EACH
        if len(limits) != 1:
            raise self.error(node, f"a rule has one of {', '.join(LIMITS)}" + (", not two" if limits else ""))
        try:
            made = build(limits[0], self.text(told[limits[0]], limits[0]), scope)
        except ValueError as problem:
            raise self.error(told[limits[0]], str(problem)) from None
        own = self.mode(told["mode"]) if "mode" in told else mode
        return Rule(**made, mode=own, source=f"{self._path.name}:{int(node.start_mark.line) + 1}")

    def grant(self, node: yaml.Node) -> Grant:
        told = self.known(node, "allowed", ("rule", "at", "amount", "session"))
        if "rule" not in told or "at" not in told:
            raise self.error(node, "an entry of allowed needs rule and at")
        amount = self.value(told["amount"], "amount", _number) if "amount" in told else None
        session = self.text(told["session"], "session") if "session" in told else None
        at = self.value(told["at"], "at", _number)
        return Grant(rule=self.text(told["rule"], "rule"), at=at, amount=amount, session=session)


def build(name: str, text: str, scope: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a :class:`Rule` from the name and text of its limit. Raises ValueError."""
    kinds: dict[str, Kind] = {"limit": "usd", "requests": "requests", "agents_per_session": "agents"}
    kind: Kind = kinds.get(name) or ("depth" if name == "depth" else "plan")
    made: dict[str, Any] = {"kind": kind, "scope": dict(scope)}
    if kind == "usd":
        made["limit"], made["window"] = amounts.money(text)
    elif kind == "requests":
        made["limit"], made["window"] = amounts.requests(text)
    elif kind == "plan":
        made["plan"], made["limit"] = amounts.plan(text)
    else:
        made["limit"] = amounts.whole(text, "agents" if kind == "agents" else "levels")
    if kind in ("agents", "depth"):
        made["scope"].pop("session", None) if scope.get("session") == EACH else None
    return made


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{text!r} is no number")
    return value


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
