"""The routes of a configuration: read, checked, and every target made sure of, before anything starts.

::

    subagent_routing:
      agents:                       # by name
        code-reviewer: gpt-5-mini
      rules:                        # for the rest, in order, the first match wins
        - type: Explore
          to: groq:llama-3.3-70b-versatile
        - agent: main
          min_tokens: 150000
          to: gemini:gemini-2.5-pro

``SUBAGENT_MAPPINGS=name:target,name:target`` goes before all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from claude_lens.agents import needs, rules, targets
from claude_lens.agents.rules import Question, Rule
from claude_lens.agents.targets import Target
from claude_lens.errors import ConfigError, SettingError, SettingMissing
from claude_lens.messages.helpers import MAIN

SECTION = "subagent_routing"
VARIABLE = "SUBAGENT_MAPPINGS"
CONDITIONS = {
    "agent": "agent",
    "type": "type",
    "class": "request_class",
    "model": "model",
    "min_tokens": "min_tokens",
}
EXPECTED = (
    "name:model pairs with commas between them, such as code-reviewer:gpt-4o,planner:groq:llama-3.3-70b"
)


@dataclass(frozen=True, slots=True)
class Routes:
    """Rules in the order in which they are asked, and their targets by name. Empty: routing is off."""

    rules: tuple[Rule, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)

    def find(self, question: Question) -> Rule | None:
        """The rule for a request."""
        return rules.first(self.rules, question)

    @property
    def by_class(self) -> bool:
        """Whether a rule asks for the class of a request, which older clients do not name."""
        return any(rule.request_class or rule.agent == MAIN for rule in self.rules)

    def __bool__(self) -> bool:
        return bool(self.rules)


def load(config: Path | None, environ: Mapping[str, str]) -> Routes:
    """The routes of a configuration file and of the environment.

    Raises ConfigError with file and line, or SettingError, for the first thing that is wrong: an unknown
    model, a missing key, a rule that can never hit, a malformed entry.
    """
    root = _Section(config)
    found = list(_from_environment(environ))
    overridden = {rule.agent for rule, _ in found}
    found += [(rule, at) for rule, at in root.rules() if not (at.by_name and rule.agent in overridden)]
    names = root.model_names()
    lacking = needs.missing(config, environ) if config and found else {}
    keyless = {name: variable for variable, uses in lacking.items() for name in uses}
    made: dict[str, Target] = {}
    for position, (rule, at) in enumerate(found):
        # What the environment overrides in the file is no mistake in the file.
        before = [other for other, where in found[:position] if where.path == at.path]
        impossible = rule.impossible or _covered(rule, before)
        if impossible:
            raise at.error(f"this rule can never hit: {impossible}")
        try:
            made.setdefault(rule.to, targets.resolve(rule.to, names, environ))
        except targets.KeyMissing as problem:
            raise at.missing(rule.to, problem.variable) from None
        except ValueError as problem:
            raise at.error(str(problem)) from None
        if rule.to in keyless:
            raise at.missing(rule.to, keyless[rule.to])
    return Routes(tuple(rule for rule, _ in found), made)


def _covered(rule: Rule, earlier: list[Rule]) -> str | None:
    by = next((before for before in earlier if before.covers(rule)), None)
    return f"{by.label} ({by.source}) always hits first" if by else None


@dataclass(frozen=True, slots=True)
class _At:
    """Where a rule was written, for errors. ``by_name`` marks an entry of the map."""

    path: Path | None
    line: int | None
    value: str = ""
    by_name: bool = False

    def missing(self, target: str, variable: str) -> ConfigError | SettingError:
        """The rule is right, but its target has no key."""
        if self.path is None:
            return SettingMissing(variable, f"{target!r} in {VARIABLE}")
        return ConfigError(self.path, self.line, str(targets.KeyMissing(target, variable)))

    def error(self, problem: str) -> ConfigError | SettingError:
        if self.path is None:
            return SettingError(VARIABLE, self.value, f"{EXPECTED}; {problem}")
        return ConfigError(self.path, self.line, problem)


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[Rule, _At]]:
    value = environ.get(VARIABLE, "").strip()
    seen: set[str] = set()
    for entry in filter(None, (part.strip() for part in value.split(","))):
        at = _At(None, None, value)
        name, colon, target = (part.strip() for part in entry.partition(":"))
        if not (name and colon and target):
            raise at.error(f"{entry!r} is not name:model")
        if name in seen:
            raise at.error(f"{name!r} is mapped twice")
        seen.add(name)
        yield Rule(to=target, agent=name, source=VARIABLE, label=f"{VARIABLE}: {name}"), at


class _Section:
    """The section of a configuration file, with lines."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._root = _compose(path) if path is not None else {}

    def model_names(self) -> list[str]:
        """``model_name`` of every entry of ``model_list``."""
        node = self._root.get("model_list")
        entries = node.value if isinstance(node, yaml.SequenceNode) else []
        found = [_mapping(entry).get("model_name") for entry in entries]
        return [name.value for name in found if isinstance(name, yaml.ScalarNode)]

    def rules(self) -> Iterator[tuple[Rule, _At]]:
        """The entries of ``agents``, then those of ``rules``."""
        node = self._root.get(SECTION)
        if node is None or _is_null(node):
            return
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{SECTION} must be a mapping with agents and rules")
        parts = self._unique(node)
        unknown = next((key for key in parts if key.value not in ("agents", "rules")), None)
        if unknown:
            raise self._error(unknown, f"unknown key {unknown.value!r} in {SECTION}: agents or rules")
        by_name = {key.value: value for key, value in parts.items()}
        yield from self._agents(by_name.get("agents"))
        yield from self._rules(by_name.get("rules"))

    def _agents(self, node: yaml.Node | None) -> Iterator[tuple[Rule, _At]]:
        if node is None or _is_null(node):
            return
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, "agents must be a mapping of agent names to models")
        for key, value in self._unique(node).items():
            if not isinstance(value, yaml.ScalarNode) or not value.value or _is_null(value):
                raise self._error(key, f"agent {key.value!r} needs a model, such as gpt-5-mini or groq:…")
            at = _At(self._path, _line(key), by_name=True)
            source = f"{self._path}:{at.line}"
            yield Rule(to=value.value, agent=key.value, source=source, label=f"agents: {key.value}"), at

    def _rules(self, node: yaml.Node | None) -> Iterator[tuple[Rule, _At]]:
        if node is None or _is_null(node):
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self._error(node, "rules must be a list")
        for number, item in enumerate(node.value, 1):
            if not isinstance(item, yaml.MappingNode):
                raise self._error(item, "a rule is a mapping of conditions and `to`")
            yield self._rule(number, item)

    def _rule(self, number: int, item: yaml.MappingNode) -> tuple[Rule, _At]:
        fields: dict[str, Any] = {}
        to: str | None = None
        for key, value in self._unique(item).items():
            if key.value != "to" and key.value not in CONDITIONS:
                raise self._error(key, f"unknown key {key.value!r} in a rule: to, {', '.join(CONDITIONS)}")
            if not isinstance(value, yaml.ScalarNode) or not value.value or _is_null(value):
                raise self._error(key, f"{key.value} needs a single value")
            if key.value == "to":
                to = value.value
            else:
                fields[CONDITIONS[key.value]] = self._condition(key.value, value)
        if to is None:
            raise self._error(item, "this rule has no `to`: the model that answers")
        told = ", ".join(f"{key}={fields[field]}" for key, field in CONDITIONS.items() if field in fields)
        label = f"rule {number}: {told or 'everything'}"
        at = _At(self._path, _line(item))
        return Rule(to=to, source=f"{self._path}:{at.line}", label=label, **fields), at

    def _condition(self, name: str, value: yaml.ScalarNode) -> str | int:
        if name != "min_tokens":
            return str(value.value)
        try:
            number = int(value.value.replace("_", ""))
        except ValueError:
            number = 0
        if number < 1:
            raise self._error(value, f"min_tokens must be a whole number above 0, not {value.value!r}")
        return number

    def _unique(self, node: yaml.MappingNode) -> dict[yaml.ScalarNode, yaml.Node]:
        seen: set[str] = set()
        found: dict[yaml.ScalarNode, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                raise self._error(key, "expected a plain name here")
            if key.value in seen:
                raise self._error(key, f"{key.value!r} is given twice")
            seen.add(key.value)
            found[key] = value
        return found

    def _error(self, node: yaml.Node, problem: str) -> ConfigError:
        assert self._path is not None
        return ConfigError(self._path, _line(node), problem)


def _compose(path: Path) -> dict[str, yaml.Node]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, None, f"cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise ConfigError(path, mark.line + 1 if mark else None, f"not valid YAML: {problem}") from None
    return _mapping(root)


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
