"""Checking a database: contents against their digests, bodies against that of the whole, streams for what
they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from claude_lens import exact
from claude_lens.store import chain, content
from claude_lens.store import streams as packing
from claude_lens.store.maintenance.upkeep import SCRUBBING, Progress, quiet
from claude_lens.store.reading import raw
from claude_lens.store.reading.queries import Reader
from claude_lens.store.rows import response_json
from claude_lens.store.schema import ROOT_NODE, aliases, contents, exchanges, meta, nodes, payloads

_SHOWN: Final = 1000
_UNFINISHED: Final = (
    "a scrub runs, or was stopped: requests were not compared as a whole; lensctl scrub brings it to its end"
)


@dataclass(slots=True)
class Report:
    """How many of each were checked; in lines, what could not be, and what is wrong (the first thousand)."""

    contents: int = 0
    nodes: int = 0
    exchanges: int = 0
    streams: int = 0
    notes: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage

    def add(self, problem: str) -> None:
        """Note a problem."""
        if len(self.damage) < _SHOWN:
            self.damage.append(problem)


def verify(reader: Reader, progress: Progress = quiet) -> Report:
    """Check the whole database, each row once. Raises :class:`StoreError` where it cannot be read at all."""
    report = Report()
    with reader.connect() as connection:
        progress("checking the file", 0.0)
        if connection.dialect.name == "sqlite":
            for (said,) in connection.exec_driver_sql("PRAGMA quick_check(20)"):
                if said != "ok":
                    report.add(f"SQLite: {said}")
        progress("checking contents", 0.2)
        digests = _contents(connection, report)
        progress("checking chains", 0.6)
        steps = _nodes(connection, report, digests)
        _aliases(connection, report, digests)
        progress("checking exchanges", 0.8)
        unfinished = (
            connection.execute(select(meta.c.key).where(meta.c.key == SCRUBBING)).scalar() is not None
        )
        report.notes += [_UNFINISHED] if unfinished else []
        _exchanges(connection, report, digests, steps, whole=not unfinished)
        progress("checking streams", 0.9)
        _streams(connection, report)
    return report


def _contents(connection: Connection, report: Report) -> dict[int, bytes]:
    digests: dict[int, bytes] = {}
    query = select(contents.c.id, contents.c.digest, contents.c.codec, contents.c.size, contents.c.data)
    for key, digest, codec, size, data in connection.execute(query.execution_options(yield_per=500)):
        report.contents += 1
        digests[key] = digest
        try:
            raw = content.unpack(codec, data)
        except ValueError as error:
            report.add(f"content {key}: {error}")
            continue
        if len(raw) != size or content.digest(raw) != digest:
            report.add(f"content {key}: does not match its digest")
    return digests


def _nodes(connection: Connection, report: Report, digests: dict[int, bytes]) -> dict[int, bytes]:
    steps = {ROOT_NODE: chain.ROOT}
    query = select(nodes.c.id, nodes.c.parent_id, nodes.c.content_id).where(nodes.c.id != ROOT_NODE)
    # A parent is always older than its children, so one pass in order of ids is enough.
    for key, parent, piece in connection.execute(query.order_by(nodes.c.id)):
        report.nodes += 1
        if parent not in steps or piece not in digests:
            report.add(f"node {key}: its parent or content is missing")
        else:
            steps[key] = content.digest(steps[parent] + digests[piece])
    return steps


def _aliases(connection: Connection, report: Report, digests: dict[int, bytes]) -> None:
    rows = connection.execute(select(aliases)).all()
    known = {row.content for row in rows}
    for key, same in rows:
        if same not in digests or key not in digests:
            report.add(f"content {key}: the message that it is in another form is missing")
        elif same in known:
            report.add(f"content {key}: is another form of {same}, which is another form itself")


def _exchanges(
    connection: Connection,
    report: Report,
    digests: dict[int, bytes],
    steps: dict[int, bytes],
    *,
    whole: bool,
) -> None:
    query = select(exchanges.c.exchange_id, payloads).join_from(payloads, exchanges)
    for row in connection.execute(query.execution_options(yield_per=500)):
        report.exchanges += 1
        wanted = (row.request_raw, row.params, row.response_raw, row.response_message)
        if any(key is not None and key not in digests for key in wanted):
            report.add(f"exchange {row.exchange_id}: content is missing")
        elif row.params is not None and not _agrees(row, _digest(row, digests, steps), whole):
            report.add(f"exchange {row.exchange_id}: its request is not what was sent")
        else:
            _small_values(row, report)


def _agrees(row: Row[Any], digest: bytes | None, whole: bool) -> bool:
    return digest is not None and (digest == row.digest or not whole)


def _digest(row: Row[Any], digests: dict[int, bytes], steps: dict[int, bytes]) -> bytes | None:
    tips = {name: getattr(row, name) for name in chain.LISTS}
    try:
        marks = exact.load(content.unpack_blob(row.shape))[0] if row.shape else []
        whole = {name: steps[tip] for name, tip in tips.items() if tip is not None}
    except (KeyError, ValueError):
        return None
    return chain.request_digest(digests[row.params], whole, marks)


def _small_values(row: Row[Any], report: Report) -> None:
    for name in ("request_headers", "response_headers", "response_rest"):
        blob = getattr(row, name)
        try:
            if blob is not None:
                exact.load(content.unpack_blob(blob))
        except ValueError as error:
            report.add(f"exchange {row.exchange_id}: {name}: {error}")


def _streams(connection: Connection, report: Report) -> None:
    for row in connection.execute(raw.packed().execution_options(yield_per=500)):
        report.streams += 1
        if row.exchange_id is None:
            report.add(f"stream {row.exchange}: its exchange is missing")
            continue
        try:
            body, message = raw.opened(row)
            told = response_json(row.response_rest, message)
        except ValueError as error:
            report.add(f"exchange {row.exchange_id}: its stream: {error}")
            continue
        if packing.stands_for(row.endpoint, body) != told:
            report.add(f"exchange {row.exchange_id}: its stream stands for another message")
