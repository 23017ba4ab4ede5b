"""How large bodies are, without rebuilding them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from claude_lens.store.schema import ROOT_NODE, contents, nodes, payloads

_COLUMNS = ("system", "tools", "messages")
_PIECES = ("params", "request_raw", "response_message", "response_raw")


def body_sizes(connection: Connection, keys: Sequence[int]) -> list[int]:
    """Bytes of request and answer of each of these rows of ``exchanges``, as JSON, in no order."""
    rows = connection.execute(select(payloads).where(payloads.c.exchange.in_(keys))).all()
    tips = sorted({tip for row in rows for name in _COLUMNS if (tip := getattr(row, name)) is not None})
    lengths = _lengths(connection, tips)
    pieces = sorted({key for row in rows for name in _PIECES if (key := getattr(row, name)) is not None})
    known: dict[int, int] = {}
    for start in range(0, len(pieces), 900):
        part = contents.c.id.in_(pieces[start : start + 900])
        found = connection.execute(select(contents.c.id, contents.c.size).where(part))
        known.update({row.id: row.size for row in found})
    return [
        sum(lengths.get(getattr(row, name) or ROOT_NODE, 0) for name in _COLUMNS)
        + sum(known.get(getattr(row, name) or 0, 0) for name in _PIECES)
        for row in rows
    ]


def _lengths(connection: Connection, tips: Sequence[int]) -> dict[int, int]:
    """Bytes of the whole list that each of these steps ends."""
    found: dict[int, tuple[int, int]] = {}
    columns = (nodes.c.id, nodes.c.parent_id, nodes.c.content_id)
    for start in range(0, len(tips), 900):
        up = select(*columns).where(nodes.c.id.in_(tips[start : start + 900])).cte(recursive=True)
        up = up.union(select(*columns).where(nodes.c.id == up.c.parent_id, up.c.parent_id != ROOT_NODE))
        size = func.coalesce(contents.c.size, 0)
        query = select(up.c.id, up.c.parent_id, size).outerjoin(contents, contents.c.id == up.c.content_id)
        found.update({key: (parent, length) for key, parent, length in connection.execute(query)})
    whole: dict[int, int] = {ROOT_NODE: 0}
    # A parent is older than its children.
    for key in sorted(found):
        parent, length = found[key]
        whole[key] = whole.get(parent, 0) + length + 1
    return whole
