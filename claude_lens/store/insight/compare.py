"""Two requests side by side: which contents of their lists are the same, and where they part."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from sqlalchemy import Connection, select

from claude_lens.errors import NotFound
from claude_lens.store.bodies import Bodies, Loader
from claude_lens.store.chain import LISTS, strip
from claude_lens.store.schema import exchanges, sessions

Part = Literal["tools", "system", "messages"]
ORDER: Final[tuple[Part, ...]] = ("tools", "system", "messages")
"""The order in which a provider's prompt cache sees a request."""

_LONGEST_DIFF: Final = 200


class Change(TypedDict):
    """One element that differs. ``index`` counts from 0 in the new list, in the old one where it is gone.

    ``diff`` is a unified diff without file names; empty for what was only added, removed or moved.
    """

    part: Part
    kind: Literal["added", "removed", "changed", "moved"]
    index: int
    name: str
    diff: list[str]


class Difference(TypedDict):
    """How request ``b`` differs from ``a``: parameters ``{name: [before, after]}``, then elements."""

    a: str
    b: str
    params: dict[str, list[Any]]
    same: dict[str, int]
    changes: list[Change]


@dataclass(slots=True)
class Side:
    """A request; each element of its lists has a mark that equals another's where the elements are alike."""

    id: str
    body: Mapping[str, Any]
    digests: Mapping[Part, Sequence[Any]]

    @property
    def lists(self) -> dict[Part, list[Any]]:
        """The elements without ``cache_control``."""
        return {name: [strip(each)[0] for each in _values(self.body, name)] for name in ORDER}

    def params(self) -> dict[str, Any]:
        """What is beside the lists."""
        return {name: value for name, value in self.body.items() if name not in LISTS}


def _values(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


def load_side(loader: Loader, key: int, ident: str, bodies: Bodies | None) -> Side | None:
    """The request of an exchange that ``loader`` has loaded; None where it was not kept as a JSON object."""
    if bodies is None or not isinstance(bodies.request, Mapping):
        return None
    pieces = loader.pieces(key)
    return Side(ident, bodies.request, {name: pieces.get(name, []) for name in ORDER})


def load_sides(connection: Connection, idents: Sequence[str]) -> list[Side]:
    """The requests of these exchanges. Raises :class:`NotFound` where one was not kept as a JSON object."""
    query = select(exchanges.c.id, exchanges.c.exchange_id).where(exchanges.c.exchange_id.in_(idents))
    keys = {name: key for key, name in connection.execute(query)}
    loader = Loader(connection)
    bodies = loader.load(list(keys.values()))
    found = []
    for ident in idents:
        key = keys.get(ident)
        side = None if key is None else load_side(loader, key, ident, bodies.get(key))
        if side is None:
            raise NotFound(f"the request of exchange {ident} was not kept, or is no JSON object")
        found.append(side)
    return found


def common(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many elements the two begin with alike."""
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return min(len(a), len(b))


def differ(a: Side, b: Side) -> Difference:
    """What changed from ``a`` to ``b``."""
    before, after = a.params(), b.params()
    names = [*before, *(name for name in after if name not in before)]
    return {
        "a": a.id,
        "b": b.id,
        "params": {
            name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)
        },
        "same": {name: common(a.digests[name], b.digests[name]) for name in ORDER},
        "changes": [change for name in ORDER for change in changes(name, a, b)],
    }


def changes(part: Part, a: Side, b: Side) -> list[Change]:
    """The elements of one list that differ, in the order of the new list."""
    left, right = list(a.digests[part]), list(b.digests[part])
    old_values, new_values = a.lists[part], b.lists[part]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    found: list[Change] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        old = [index for index in range(i1, i2) if left[index] not in right]
        new = [index for index in range(j1, j2) if right[index] not in left]
        for i, j in zip(old, new, strict=False):
            diff = text_diff(old_values[i], new_values[j])
            found.append(_change(part, "changed", j, new_values[j], diff))
        paired = min(len(old), len(new))
        moved = [index for index in range(i1, i2) if left[index] in right]
        found += [_change(part, "moved", index, old_values[index], []) for index in moved]
        found += [_change(part, "removed", index, old_values[index], []) for index in old[paired:]]
        found += [_change(part, "added", index, new_values[index], []) for index in new[paired:]]
    return found


def _change(part: Part, kind: Any, index: int, value: Any, diff: list[str]) -> Change:
    return {"part": part, "kind": kind, "index": index, "name": label(part, value), "diff": diff}


def label(part: Part, value: Any) -> str:
    """What to call an element: a tool's name, a message's role, the first words of a system block."""
    if not isinstance(value, Mapping):
        return str(value)[:60]
    if part == "tools":
        return str(value.get("name") or value.get("type") or "tool")
    if part == "messages":
        return str(value.get("role") or "message")
    return " ".join(str(value.get("text") or value.get("type") or "").split())[:60]


def text_diff(old: Any, new: Any) -> list[str]:
    """A unified diff of two elements, texts as the lines they are; at most 200 lines."""
    lines = list(difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=1))[2:]
    if len(lines) > _LONGEST_DIFF:
        rest = len(lines) - _LONGEST_DIFF
        return [*lines[:_LONGEST_DIFF], f"… {rest} more lines"]
    return lines


def _lines(value: Any) -> list[str]:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return text.replace("\\n", "\n").splitlines()


def resolve_turn(connection: Connection, ident: str) -> str:
    """The exchange that ``SESSION:N`` names, the Nth of its main agent (from 1), or ``ident`` as it is.

    Raises :class:`NotFound`.
    """
    session, sign, number = ident.rpartition(":")
    if not sign or not number.isdigit():
        return ident
    query = (
        select(exchanges.c.exchange_id)
        .join(sessions, sessions.c.id == exchanges.c.session)
        .where(
            sessions.c.session_id.between(session, session + "\U0010ffff"),
            exchanges.c.agent_id.is_(None),
        )
        .order_by(exchanges.c.started_at, exchanges.c.id)
        .offset(max(int(number) - 1, 0))
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    if found is None:
        raise NotFound(f"no turn {number} in a session with an id that begins with {session!r}")
    return found
