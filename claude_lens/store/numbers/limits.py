"""What a subscription has left: the newest ``anthropic-ratelimit-*`` readings that came with an answer."""

from __future__ import annotations

from typing import Final, TypedDict

from sqlalchemy import Connection, select

from claude_lens.exact import load
from claude_lens.store.content import unpack_blob
from claude_lens.store.reading import forms
from claude_lens.store.schema import exchanges, payloads

PREFIX: Final = "anthropic-ratelimit-"
_LOOKED_AT: Final = 200


class Limits(TypedDict):
    """Readings by what follows ``anthropic-ratelimit-`` in a name: ``unified-5h-status`` …"""

    read_at: str
    exchange_id: str
    readings: dict[str, str]


def latest(connection: Connection) -> Limits | None:
    """The newest readings; None where none of the newest 200 answers had any."""
    query = (
        select(exchanges.c.exchange_id, exchanges.c.started_at, payloads.c.response_headers)
        .join_from(exchanges, payloads)
        .where(payloads.c.response_headers.is_not(None))
        .order_by(exchanges.c.started_at.desc())
        .limit(_LOOKED_AT)
    )
    for row in connection.execute(query):
        pairs: list[tuple[str, str]] = load(unpack_blob(row.response_headers))
        found = {
            name.lower().removeprefix(PREFIX): value
            for name, value in pairs
            if name.lower().startswith(PREFIX)
        }
        if found:
            return {"read_at": forms.iso(row.started_at), "exchange_id": row.exchange_id, "readings": found}
    return None
