"""What each batch asks and writes, but for what follows from the records."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table, bindparam, case, func, select, table
from sqlalchemy import column as sql_column

from claude_lens.store.schema import (
    VERSION_TABLE,
    contents,
    exchanges,
    meta,
    nodes,
    payloads,
    plan_readings,
    sessions,
    streams,
)
from claude_lens.store.writing.prepared import Prepared

STATE: Final = Prepared(
    lambda _, __: select(
        *(
            select(func.coalesce(func.max(each.c.id), 0)).scalar_subquery()
            for each in (contents, nodes, sessions, exchanges)
        ),
        select(meta.c.value).where(meta.c.key == "generation").scalar_subquery(),
        select(sql_column("version_num")).select_from(table(VERSION_TABLE)).scalar_subquery(),
    )
)
TOPS: Final = Prepared(lambda _, __: select(meta.c.key, meta.c.value).where(meta.c.key.like("top_%")))
NODE: Final = Prepared(
    lambda _, __: select(nodes.c.id).where(
        nodes.c.parent_id == bindparam("parent"), nodes.c.content_id == bindparam("content")
    )
)
SESSION: Final = Prepared(
    lambda _, __: select(sessions.c.id, sessions.c.title_rank).where(
        sessions.c.session_id == bindparam("name")
    )
)
EXCHANGE: Final = Prepared(
    lambda _, __: select(exchanges.c.id, exchanges.c.status).where(
        exchanges.c.exchange_id == bindparam("name")
    )
)
TOUCH_SESSION: Final = Prepared(
    lambda _, __: (
        sessions.update()
        .where(sessions.c.id == bindparam("key"))
        .values(
            started_at=case(
                (sessions.c.started_at > bindparam("first"), bindparam("first")), else_=sessions.c.started_at
            ),
            last_at=case(
                (sessions.c.last_at < bindparam("last"), bindparam("last")), else_=sessions.c.last_at
            ),
            title=case(
                (sessions.c.title_rank < bindparam("rank"), bindparam("new_title")), else_=sessions.c.title
            ),
            title_rank=case(
                (sessions.c.title_rank < bindparam("rank"), bindparam("rank")), else_=sessions.c.title_rank
            ),
            project=func.coalesce(sessions.c.project, bindparam("new_project")),
            branch=func.coalesce(bindparam("new_branch"), sessions.c.branch),
        )
    )
)


def _update(table: Table, key: str) -> Prepared:
    return Prepared(
        lambda _, names: (
            table.update()
            .where(table.c[key] == bindparam("_key"))
            .values({name: bindparam(name) for name in names if name != "_key"})
        )
    )


def _insert(table: Table) -> Prepared:
    return Prepared(lambda insert, _: insert(table))


CONTENTS: Final = Prepared(
    lambda _, names: select(contents.c.digest, contents.c.id).where(
        contents.c.digest.in_([bindparam(name) for name in names])
    )
)
UPDATE_EXCHANGE: Final = _update(exchanges, "id")
UPDATE_PAYLOAD: Final = _update(payloads, "exchange")
INSERTS: Final = {
    each: _insert(each) for each in (contents, nodes, sessions, exchanges, payloads, streams, plan_readings)
}
"""In this order: those that others refer to first."""
