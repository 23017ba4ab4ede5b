"""Findings that a person has done something about: the date is noted, so that before and after compare."""

from __future__ import annotations

import time
from typing import TypedDict

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from claude_lens.errors import NotFound
from claude_lens.findings.look import Finding
from claude_lens.store import database
from claude_lens.store.findings_tables import accepted_findings

_SHOWN = 5


class Accepted(TypedDict):
    """A finding as it was when it was accepted, ``at`` seconds since the epoch."""

    finding: str
    kind: str
    subject: str
    project: str | None
    sentence: str
    at: float


def accepted(connection: Connection) -> list[Accepted]:
    """All that were accepted, the newest first."""
    query = select(accepted_findings).order_by(accepted_findings.c.at.desc(), accepted_findings.c.finding)
    return [Accepted(**row) for row in connection.execute(query).mappings()]  # type: ignore[typeddict-item]


def dates(connection: Connection) -> dict[str, float]:
    """When each was accepted, by its id."""
    return {one["finding"]: one["at"] for one in accepted(connection)}


def by_prefix(found: list[str], prefix: str) -> str:
    """The one id that begins so. Raises :class:`NotFound`."""
    fitting = sorted(one for one in found if one.startswith(prefix))
    if prefix in fitting:
        return prefix
    if not fitting:
        raise NotFound(f"no finding {prefix!r}: lensctl waste lists them")
    if len(fitting) > 1:
        raise NotFound(f"{prefix!r} could be any of {', '.join(fitting[:_SHOWN])}")
    return fitting[0]


def accept(url: str, finding: Finding, now: float | None = None) -> float:
    """Note that something is done about a finding from now on; one that was accepted before starts anew.

    Returns the moment. Raises :class:`StoreError`.
    """
    at = time.time() if now is None else now
    values = {"kind": finding["kind"], "subject": finding["subject"], "project": finding["project"]}
    values |= {"sentence": finding["sentence"]}
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address), engine.begin() as connection:
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(
                accepted_findings
            )
            connection.execute(
                insert.on_conflict_do_update(index_elements=["finding"], set_={**values, "at": at}),
                {"finding": finding["id"], **values, "at": at},
            )
    finally:
        engine.dispose()
    return at


def forget(url: str, ident: str) -> None:
    """As if it had never been accepted. Raises :class:`StoreError`."""
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address), engine.begin() as connection:
            connection.execute(delete(accepted_findings).where(accepted_findings.c.finding == ident))
    finally:
        engine.dispose()
