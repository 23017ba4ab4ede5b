"""Which turn of its agent an exchange is, counted by the database as ``turns.steps`` counts a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from claude_lens.messages.helpers import BESIDE, COUNT_TOKENS
from claude_lens.store.schema import exchanges, payloads


def turn_of(connection: Connection, row: Mapping[str, Any]) -> int:
    """The number, from 1, of an exchange (a row of ``exchanges``) among the turns of its agent.

    What stands beside the conversation is no turn; what is asked again after it failed is one turn with that.
    """
    one = exchanges.c
    order = (one.started_at, one.id)
    asked = (
        select(
            payloads.c.messages.label("tip"),
            func.lag(payloads.c.messages).over(order_by=order).label("before"),
            func.lag(one.status).over(order_by=order).label("ended"),
        )
        .select_from(exchanges)
        .outerjoin(payloads, payloads.c.exchange == one.id)
        .where(
            one.session == row["session"],
            one.agent_id.is_not_distinct_from(row["agent_id"]),
            or_(
                one.started_at < row["started_at"],
                and_(one.started_at == row["started_at"], one.id <= row["id"]),
            ),
            func.coalesce(one.request_class, "").not_in(BESIDE),
            ~one.endpoint.endswith(COUNT_TOKENS),
        )
        .subquery()
    )
    retries = and_(asked.c.ended != "ok", asked.c.before == asked.c.tip)
    query = select(func.count(), func.count().filter(retries)).select_from(asked)
    requests, again = connection.execute(query).one()
    return max(int(requests) - int(again), 1)
