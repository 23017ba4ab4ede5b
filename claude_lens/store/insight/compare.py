"""Two requests side by side: which contents of their lists are the same, and where they part."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict

from sqlalchemy import Connection, select

from claude_lens.errors import NotFound
from claude_lens.store.bodies import Bodies, Loader
from claude_lens.store.chain import LISTS, strip
from claude_lens.store.identity import element_key
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


@dataclass(frozen=True, slots=True)
class Pair:
    """One element that differs: where it was in the old list, and where it is in the new one."""

    kind: Literal["added", "removed", "changed", "moved"]
    old: int | None
    new: int | None


class Difference(TypedDict):
    """How request ``b`` differs from ``a``: parameters ``{name: [before, after]}``, then elements."""

    a: str
    b: str
    params: dict[str, list[Any]]
    same: dict[str, int]
    changes: list[Change]


@dataclass(slots=True)
class Side:
    """A request; each element of its lists has a key that equals another's where the two are the same.

    In whatever form they were sent: see ``identity.element_key``.
    """

    id: str
    body: Mapping[str, Any]
    digests: Mapping[Part, Sequence[bytes]]

    def elements(self, part: Part) -> list[Any]:
        """The elements of a list without ``cache_control``."""
        return [strip(each)[0] for each in _values(self.body, part)]

    def params(self) -> dict[str, Any]:
        """What is beside the lists."""
        return {name: value for name, value in self.body.items() if name not in LISTS}


def _values(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


Keys = dict[tuple[Part, int], bytes]
"""Keys of elements by list and content, worked out once for what requests share."""


def side_of(ident: str, body: Mapping[str, Any]) -> Side:
    """A request by its body alone."""
    return Side(
        ident, body, {name: [element_key(name, each) for each in _values(body, name)] for name in ORDER}
    )


def load_side(
    loader: Loader, key: int, ident: str, bodies: Bodies | None, known: Keys | None = None
) -> Side | None:
    """The request of an exchange that ``loader`` has loaded; None where it was not kept as a JSON object."""
    if bodies is None or not isinstance(bodies.request, Mapping):
        return None
    pieces, found = loader.pieces(key), {} if known is None else known
    digests: dict[Part, list[bytes]] = {}
    for name in ORDER:
        values, stored = _values(bodies.request, name), pieces.get(name, [])
        if len(values) != len(stored):
            return side_of(ident, bodies.request)
        for piece, value in zip(stored, values, strict=True):
            if (name, piece) not in found:
                found[(name, piece)] = element_key(name, value)
        digests[name] = [found[(name, piece)] for piece in stored]
    return Side(ident, bodies.request, digests)


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
    before, after = a.elements(part), b.elements(part)
    found: list[Change] = []
    for pair in pairs(part, a, b):
        if pair.old is not None and pair.new is not None and pair.kind == "changed":
            diff = text_diff(before[pair.old], after[pair.new])
            found.append(_change(part, "changed", pair.new, after[pair.new], diff))
        elif pair.new is not None:
            found.append(_change(part, pair.kind, pair.new, after[pair.new], []))
        elif pair.old is not None:
            found.append(_change(part, pair.kind, pair.old, before[pair.old], []))
    return found


def pairs(part: Part, a: Side, b: Side) -> list[Pair]:
    """The places of the elements that differ, by the one rule there is; tools are known by their names."""
    if part == "tools":
        return _by_name(a, b)
    left, right = list(a.digests[part]), list(b.digests[part])
    gone, came = Counter(left) - Counter(right), Counter(right) - Counter(left)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    found: list[Pair] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        old = [index for index in range(i1, i2) if _take(gone, left[index])]
        new = [index for index in range(j1, j2) if _take(came, right[index])]
        paired = min(len(old), len(new))
        found += [Pair("changed", i, j) for i, j in zip(old, new, strict=False)]
        found += [Pair("moved", index, None) for index in range(i1, i2) if index not in old]
        found += [Pair("removed", index, None) for index in old[paired:]]
        found += [Pair("added", None, index) for index in new[paired:]]
    return found


def _take(left: Counter[bytes], key: bytes) -> bool:
    """Take one off where there is one."""
    left[key] -= 1
    return left[key] >= 0


def _by_name(a: Side, b: Side) -> list[Pair]:
    old, new = (_named(side.elements("tools")) for side in (a, b))
    ours, theirs = a.digests["tools"], b.digests["tools"]
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    stay = {name for block in matcher.get_matching_blocks() for name in after[block.b : block.b + block.size]}
    found: list[Pair] = []
    for name, index in old.items():
        if name not in new:
            found.append(Pair("removed", index, None))
        elif ours[index] != theirs[new[name]]:
            found.append(Pair("changed", index, new[name]))
        elif name not in stay:
            found.append(Pair("moved", index, new[name]))
    return found + [Pair("added", None, index) for name, index in new.items() if name not in old]


def _named(tools: Sequence[Any]) -> dict[str, int]:
    """The places of tools by their names; of several with the same name, the later ones are numbered."""
    named: dict[str, int] = {}
    for index, tool in enumerate(tools):
        name = label("tools", tool)
        named[name if name not in named else f"{name} {index}"] = index
    return named


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
