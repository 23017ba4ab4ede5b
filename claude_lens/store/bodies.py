"""From stored contents back to bodies: what the client sent and what it got, equal as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from claude_lens import exact
from claude_lens.errors import StoreError
from claude_lens.store import chain, content
from claude_lens.store.rows import response_json
from claude_lens.store.schema import ROOT_NODE, contents, exchanges, nodes, payloads

_CHUNK: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Both halves of an exchange. A body is JSON, or ``bytes`` where none came as a JSON object.

    ``response_headers`` is None where nothing was answered. Values are shared between exchanges: change none.
    """

    query: str
    request_headers: list[list[str]]
    request: Any
    response_headers: list[list[str]] | None
    response: Any


class Loader:
    """Rebuilds bodies over one connection; contents and steps that exchanges share are read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._steps: dict[int, tuple[int, int]] = {ROOT_NODE: (ROOT_NODE, 0)}
        self._bytes: dict[int, bytes] = {}
        self._values: dict[int, Any] = {}
        self._tips: dict[int, dict[str, int]] = {}

    def load(self, exchange_keys: Sequence[int]) -> dict[int, Bodies]:
        """The bodies of these rows of ``exchanges``; those kept without bodies are missing.

        Raises :class:`StoreError` where content is missing or damaged.
        """
        found: dict[int, Bodies] = {}
        for start in range(0, len(exchange_keys), _CHUNK):
            query = select(payloads).where(payloads.c.exchange.in_(exchange_keys[start : start + _CHUNK]))
            rows = self._connection.execute(query).all()
            self._fetch(rows)
            for row in rows:
                try:
                    found[row.exchange] = self._build(row)
                except (KeyError, IndexError, TypeError, ValueError) as error:
                    name = self._name(row.exchange)
                    raise StoreError(f"exchange {name} is damaged ({error}); run lensctl verify") from error
        return found

    def prepare(self, exchange_keys: Sequence[int]) -> None:
        """Read the steps of all these at once, where they are going to be loaded one by one."""
        for start in range(0, len(exchange_keys), _CHUNK):
            tips = select(payloads.c.system, payloads.c.tools, payloads.c.messages).where(
                payloads.c.exchange.in_(exchange_keys[start : start + _CHUNK])
            )
            found = {tip for row in self._connection.execute(tips) for tip in row if tip is not None}
            self._fetch_steps(found - self._steps.keys())

    def pieces(self, exchange_key: int) -> dict[str, list[int]]:
        """The contents of each list of a request that was loaded; equal contents have equal keys."""
        return {name: self._path(tip) for name, tip in self._tips.get(exchange_key, {}).items()}

    def _name(self, key: int) -> str | None:
        query = select(exchanges.c.exchange_id).where(exchanges.c.id == key)
        name: str | None = self._connection.execute(query).scalar()
        return name

    def _fetch(self, rows: Sequence[Row[Any]]) -> None:
        tips = {tip for row in rows for tip in (row.system, row.tools, row.messages) if tip is not None}
        self._fetch_steps(tips - self._steps.keys())
        wanted = {
            key
            for row in rows
            for key in (row.request_raw, row.params, row.response_raw, row.response_message)
            if key is not None
        }
        for tip in tips:
            wanted.update(self._path(tip))
        self._fetch_contents(sorted(wanted - self._bytes.keys()))

    def _fetch_steps(self, tips: Iterable[int]) -> None:
        order = sorted(tips)
        columns = (nodes.c.id, nodes.c.parent_id, nodes.c.content_id)
        for start in range(0, len(order), _CHUNK):
            up = select(*columns).where(nodes.c.id.in_(order[start : start + _CHUNK])).cte(recursive=True)
            # UNION, not UNION ALL: chains that share a beginning are walked once.
            up = up.union(select(*columns).where(nodes.c.id == up.c.parent_id, up.c.parent_id != ROOT_NODE))
            for key, parent, piece in self._connection.execute(select(up)):
                self._steps[key] = (parent, piece)

    def _path(self, tip: int) -> list[int]:
        path = []
        while tip != ROOT_NODE:
            tip, piece = self._steps[tip]
            path.append(piece)
        path.reverse()
        return path

    def _fetch_contents(self, keys: Sequence[int]) -> None:
        columns = (contents.c.id, contents.c.codec, contents.c.data)
        for start in range(0, len(keys), _CHUNK):
            query = select(*columns).where(contents.c.id.in_(keys[start : start + _CHUNK]))
            for key, codec, data in self._connection.execute(query):
                try:
                    self._bytes[key] = content.unpack(codec, data)
                except ValueError as error:
                    raise StoreError(f"content {key} is damaged; run lensctl verify") from error

    def _value(self, key: int) -> Any:
        if key not in self._values:
            self._values[key] = exact.load(self._bytes[key])
        return self._values[key]

    def _build(self, row: Row[Any]) -> Bodies:
        message = None if row.response_message is None else self._bytes[row.response_message]
        response = (
            self._bytes[row.response_raw]
            if row.response_raw is not None
            else response_json(row.response_rest, message)
        )
        return Bodies(
            query=row.query or "",
            request_headers=_headers(row.request_headers) or [],
            request=self._request(row),
            response_headers=_headers(row.response_headers),
            response=response,
        )

    def _request(self, row: Row[Any]) -> Any:
        if row.params is None:
            return None if row.request_raw is None else self._bytes[row.request_raw]
        marks, single = exact.load(content.unpack_blob(row.shape)) if row.shape else ([], [])
        tips = {name: getattr(row, name) for name in chain.LISTS}
        lists = {
            name: [self._value(key) for key in self._path(tip)]
            for name, tip in tips.items()
            if tip is not None
        }
        self._tips[row.exchange] = {name: tip for name, tip in tips.items() if tip is not None}
        return chain.join(self._value(row.params), lists, frozenset(single), marks)


def _headers(blob: bytes | None) -> list[list[str]] | None:
    if blob is None:
        return None
    value: list[list[str]] = exact.load(content.unpack_blob(blob))
    return value
