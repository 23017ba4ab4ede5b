"""Live: exchanges as they happen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import agent_name, page, render
from claude_lens.store.reading import changes

SHOWN: Final = 100
_SCANNED: Final = 2000


@dataclass(frozen=True, slots=True)
class Filter:
    """What a watcher wants to see; empty fields want everything. ``text`` is looked for in all names."""

    session: str = ""
    status: str = ""
    lane: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        """From a page's address."""
        return cls(*(query.get(name, "").strip() for name in ("session", "status", "lane", "text")))

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return bool(self.session or self.status or self.lane or self.text)

    def wants(self, row: changes.Row) -> bool:
        """Whether to show ``row``. One whose status moves away stays where it is shown already."""
        one = row.summary
        if self.session and one["session_id"] != self.session:
            return False
        if self.status and one["status"] != self.status:
            return False
        if self.lane and one["lane"] != self.lane:
            return False
        if not self.text:
            return True
        model = one["model"]
        names = (row.title, agent_name(one["agent"]), model["requested"], model["routed"], one["project"])
        return self.text.lower() in "\n".join(name or "" for name in names).lower()


def live(request: Request) -> Response:
    """The page."""
    lens: Lens = request.app.state.lens
    wanted = Filter.of(request.query_params)
    rows = _newest(lens, wanted)
    return page(
        "live.html",
        here="live",
        token=lens.access.token(request.scope["cookie"]),
        rows=_prepared(rows),
        wanted=wanted,
        query=request.url.query,
        older=urlencode({name: value for name in ("session", "status") if (value := getattr(wanted, name))}),
        url=lens.settings.url,
    )


async def events(request: Request) -> Response:
    """Server-sent events: ``snapshot`` (all rows anew) and ``rows`` (some, by their ids)."""
    lens: Lens = request.app.state.lens
    wanted = Filter.of(request.query_params)
    # A browser that connects again by itself tells by the header, one whose page does so by the address.
    after = request.headers.get("last-event-id") or request.query_params.get("after")
    return StreamingResponse(
        _stream(lens, wanted, after),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _stream(lens: Lens, wanted: Filter, after: str | None) -> AsyncIterator[bytes]:
    import anyio.to_thread

    yield b"retry: 1000\n\n"
    async for batch in lens.feed.watch(after):
        if batch is None:
            mark = lens.feed.now
            rows = await anyio.to_thread.run_sync(_newest, lens, wanted)
            yield _event("snapshot", mark, render("live_rows.html", rows=_prepared(rows)))
        elif batch:
            # The last state of each is enough, in the order of the first.
            last = {event.row.key: event.row for event in batch}
            fresh = [row for row in last.values() if wanted.wants(row) or _left(wanted, row)]
            if fresh:
                shown = render("live_rows.html", rows=_prepared(fresh))
                yield _event("rows", lens.feed.mark(batch[-1].number), shown)
        else:
            yield b": still here\n\n"


def _left(wanted: Filter, row: changes.Row) -> bool:
    """A row that was shown as running and now ends; the page drops it if it has never shown it."""
    return wanted.status == "running" and row.summary["status"] != "running"


def _event(name: str, mark: str, data: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\nid: {mark}\n{lines}\n".encode("utf-8", "replace")


def _newest(lens: Lens, wanted: Filter) -> list[changes.Row]:
    with lens.reader.connect() as connection:
        limit = _SCANNED if wanted.active else SHOWN
        found = changes.newest(connection, limit, session=wanted.session or None)
    return [row for row in found if wanted.wants(row)][:SHOWN]


def _prepared(rows: Sequence[changes.Row]) -> list[dict[str, Any]]:
    return [{"key": row.key, "title": row.title, "one": row.summary, "depth": _depth(row)} for row in rows]


def _depth(row: changes.Row) -> int:
    agent = row.summary["agent"]
    return 0 if agent["id"] is None else 2 if agent["parent_id"] else 1


routes = [Route("/live", live), Route("/live/events", events)]
