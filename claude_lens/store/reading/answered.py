"""An exchange's answer alone, to be given again: status, headers, and the bytes that the client got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from claude_lens import exact
from claude_lens.errors import NotFound, StoreError
from claude_lens.exchange import Headers
from claude_lens.store import content
from claude_lens.store.reading.raw import raw
from claude_lens.store.rows import response_json
from claude_lens.store.schema import contents, exchanges, payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """``stream``: the bytes of an event stream; None where none is kept, and ``why`` says so.

    ``json``: what the answer's JSON is, or the message that its stream stands for; bytes where it is no
    JSON; None where nothing whole arrived.
    """

    status: int | None
    headers: Headers
    stream: bytes | None
    json: Any
    why: str


def answered(connection: Connection, exchange_id: str) -> Answered:
    """The answer of the exchange with this whole id. Raises :class:`NotFound`, :class:`StoreError`."""
    query = (
        select(
            exchanges.c.http_status,
            payloads.c.response_headers,
            payloads.c.response_rest,
            payloads.c.response_raw,
            payloads.c.response_message,
        )
        .select_from(exchanges.outerjoin(payloads))
        .where(exchanges.c.exchange_id == exchange_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no exchange with the id {exchange_id!r}")
    stream = raw(connection, exchange_id)
    keys = [key for key in (row.response_raw, row.response_message) if key is not None]
    found = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(keys))
    try:
        kept = {key: content.unpack(codec, data) for key, codec, data in connection.execute(found)}
        pairs = exact.load(content.unpack_blob(row.response_headers)) if row.response_headers else []
        json = (
            kept.get(row.response_raw)
            if row.response_raw is not None
            else response_json(row.response_rest, kept.get(row.response_message))
        )
    except ValueError as error:
        raise StoreError(f"exchange {exchange_id} is damaged ({error}); run lensctl verify") from error
    headers = tuple((str(name), str(value)) for name, value in pairs)
    return Answered(status=row.http_status, headers=headers, stream=stream.body, json=json, why=stream.why)
