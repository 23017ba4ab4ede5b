"""Working out costs again with today's prices, from the usage that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from claude_lens import exact
from claude_lens.exchange import Usage
from claude_lens.store import content, database, parts
from claude_lens.store.maintenance.prices import prices_of
from claude_lens.store.maintenance.upkeep import Progress, in_chunks, opened, quiet, reading
from claude_lens.store.numbers.totals import Totals
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.rows import response_json
from claude_lens.store.schema import TOKENS, contents, exchanges, payloads
from claude_lens.store.writing.batch import store_content
from claude_lens.store.writing.derived import note_rewriting, stored_calls
from claude_lens.store.writing.known import Recent
from claude_lens.wire import iterations, pricing

Lookup = Callable[[str | None, str | None], Mapping[str, Any] | None]


@dataclass(slots=True)
class Repriced:
    """How many exchanges were looked at, changed, and have no known price; dollars before and after."""

    looked_at: int = 0
    changed: int = 0
    unknown: int = 0
    before_usd: float = 0.0
    after_usd: float = 0.0
    dry_run: bool = False


def reprice(
    url: str,
    wanted: Filter = Filter(),  # noqa: B008
    *,
    lookup: Lookup = prices_of,
    dry_run: bool = False,
    progress: Progress = quiet,
) -> Repriced:
    """Price the exchanges that ``wanted`` chooses anew; what has no known price keeps the cost it had.

    Raises :class:`StoreError`.
    """
    done = Repriced(dry_run=dry_run)
    with opened(database.parse(url)) as engine:
        with reading(engine) as connection:
            query = select(exchanges.c.id).where(
                exchanges.c.input_tokens.is_not(None),
                exchanges.c.status != "running",
                *conditions(connection, wanted),
            )
            keys = [key for (key,) in connection.execute(query.order_by(exchanges.c.id))]

        def action(connection: Connection, part: Sequence[int]) -> None:
            for start in range(0, len(part), 900):
                _some(connection, part[start : start + 900], lookup, done)

        in_chunks(engine, keys, action, lambda share: progress("working out costs", share))
    return done


def _some(connection: Connection, keys: Sequence[int], lookup: Lookup, done: Repriced) -> None:
    rows = connection.execute(select(exchanges).where(exchanges.c.id.in_(keys))).mappings().all()
    used, told = stored_calls(connection, keys), _told(connection, keys)
    sums = Totals()
    facts: dict[tuple[int, int], int] = {}
    for row in rows:
        done.looked_at += 1
        done.before_usd += row["cost_usd"] or 0.0
        prices = lookup(row["model_routed"] or row["model_requested"], row["provider"])
        new = _cost(row, prices, lookup, told.get(row["id"]))
        if new is None:
            done.unknown += 1
            done.after_usd += row["cost_usd"] or 0.0
            continue
        done.after_usd += new["cost_usd"] or 0.0
        if all(row[name] == value for name, value in new.items()):
            continue
        done.changed += 1
        if done.dry_run:
            continue
        tools = used.get(row["id"], {})
        sums.add(dict(row), tools, -1)
        sums.add({**row, **new}, tools)
        new["facts"] = _facts(connection, row["facts"], prices or {}, facts)
        connection.execute(update(exchanges).where(exchanges.c.id == row["id"]).values(new))
    if facts:
        note_rewriting(connection)
    sums.write(connection, Recent(1000))


def _cost(
    row: Any, prices: Mapping[str, Any] | None, lookup: Lookup, told: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    usage = Usage(**{name: row[name] or 0 for name in TOKENS})
    routed = row["model_routed"] or row["model_requested"]
    answer = {"usage": told or {}, "model": routed, "stop_reason": row["stop_reason"]}

    def of_others(model: str) -> Mapping[str, Any] | None:
        return lookup(model, "anthropic")

    usd, beside = iterations.priced(usage, prices, answer, of_others) if prices else (None, ())
    if usd is None or pricing.depends_on_more(prices or {}):
        return None
    requested = usd
    if row["model_requested"] != routed:
        asked = lookup(row["model_requested"], "anthropic")
        found = pricing.cost(usage, asked, told) if asked else None
        also = sum(part.usd or 0.0 for part in beside if part.kind != "fallback")
        requested = row["cost_requested_usd"] if found is None else found + also
    return {"cost_usd": usd, "cost_requested_usd": requested, "cost_parts": parts.packed(beside)}


def _facts(
    connection: Connection, key: int | None, prices: Mapping[str, Any], known: dict[tuple[int, int], int]
) -> int:
    place = (key or 0, id(prices))
    if place not in known:
        found: dict[str, Any] = {}
        if key is not None:
            query = select(contents.c.codec, contents.c.data).where(contents.c.id == key)
            found = exact.load(content.unpack(*connection.execute(query).one()))
        found["prices"] = pricing.relevant(prices)
        known[place] = store_content(connection, exact.dump(found))
    return known[place]


def _told(connection: Connection, keys: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """The answers' own ``usage`` objects."""
    query = select(payloads.c.exchange, payloads.c.response_rest).where(
        payloads.c.exchange.in_(keys), payloads.c.response_rest.is_not(None)
    )
    found = {}
    for key, rest in connection.execute(query):
        usage = response_json(rest, None).get("usage")
        if isinstance(usage, Mapping):
            found[key] = usage
    return found
