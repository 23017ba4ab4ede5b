"""Changes ``guard.yaml`` by its lines, so that what a person wrote there stays as it is, comments too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from claude_lens.errors import ConfigError, UserError
from claude_lens.guard import file
from claude_lens.guard.rules import Rule


def put_rule(home: Path, rule: Rule, text: dict[str, Any]) -> None:
    """Write a rule (``text`` as YAML says it) in the place of the one with its id, else behind all others."""
    _change(home, "rules", text, lambda node, part: part.rules[node].id == rule.id)


def remove_rule(home: Path, rule_id: str) -> None:
    """Take a rule out."""
    _change(home, "rules", None, lambda node, part: part.rules[node].id == rule_id)


def put_grant(home: Path, grant: file.Grant) -> None:
    """Note that a rule was lifted."""
    told = {"rule": grant.rule, "at": round(grant.at, 3), "amount": grant.amount, "session": grant.session}
    text = {name: value for name, value in told.items() if value is not None}
    _change(home, "allowed", text, lambda _node, _part: False)


def _change(home: Path, name: str, entry: dict[str, Any] | None, same: Callable[[int, Any], bool]) -> None:
    """Replace the entries of a list that are ``same`` by ``entry``, which None leaves out."""
    path = home / file.NAME
    before = path.read_text(encoding="utf-8").rstrip("\n") + "\n" if path.exists() else "\n"
    part = file.parse(before, path)
    root = yaml.compose(before, Loader=yaml.SafeLoader)
    key, value = _pair(root, name)
    nodes = value.value if isinstance(value, yaml.SequenceNode) else []
    doomed = [index for index in range(len(nodes)) if same(index, part)]
    if isinstance(root, yaml.MappingNode) and (
        root.flow_style or (isinstance(value, yaml.SequenceNode) and nodes and value.flow_style)
    ):
        after = _anew(before, name, entry, doomed)
    else:
        after = _by_lines(before.splitlines(), name, key, nodes, doomed, entry)
    try:
        file.parse(after, path)
    except ConfigError as error:
        raise UserError(f"{path} cannot be changed: {error.problem}") from error
    write(path, after)


def _by_lines(
    lines: list[str],
    name: str,
    key: yaml.Node | None,
    nodes: list[yaml.Node],
    doomed: list[int],
    entry: dict[str, Any] | None,
) -> str:
    indent = " " * (nodes[0].start_mark.column - 2 if nodes else 2)
    new = [] if entry is None else [f"{indent}- {_flow(entry)}"]
    if not nodes:
        at = len(lines) if key is None else int(key.start_mark.line)
        lines[at : at + 1] = [f"{name}:", *new] if new else lines[at : at + 1]
    else:
        at = _lines(nodes[-1], lines)[1] + 1
        for index in reversed(doomed):
            at, last = _lines(nodes[index], lines)
            lines[at : last + 1] = []
        lines[at:at] = new
        if not new and len(doomed) == len(nodes) and key is not None:
            lines[key.start_mark.line] = f"{name}: []"
    return "\n".join(lines).strip("\n") + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file whole, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _anew(before: str, name: str, entry: dict[str, Any] | None, doomed: list[int]) -> str:
    """The file written by the library, where its lines do not tell entries apart."""
    whole = yaml.safe_load(before) or {}
    kept = list(whole.get(name) or [])
    at = doomed[0] if doomed else len(kept)
    for index in reversed(doomed):
        del kept[index]
    kept[at:at] = [] if entry is None else [entry]
    whole[name] = kept
    return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def _pair(root: yaml.Node | None, name: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), (None, None))


def _lines(node: yaml.Node, lines: list[str]) -> tuple[int, int]:
    """First and last line of an entry; what follows it, comments and empty lines, is not its own."""
    first, last = int(node.start_mark.line), int(node.end_mark.line)
    if not (isinstance(node, yaml.MappingNode) and node.flow_style):
        # A block ends where the next one begins.
        last -= 1
    while last > first and (not lines[last].strip() or lines[last].lstrip().startswith("#")):
        last -= 1
    return first, last


def _flow(entry: dict[str, Any]) -> str:
    """The entry on one line."""
    text = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return str(text).strip()
