"""What an exchange's numbers mean: what fills its context, and why its cache missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.dashboard.treemap import Tile, squarified
from claude_lens.errors import NotFound
from claude_lens.store.insight import why
from claude_lens.store.insight.context import Item, context

WIDTH, HEIGHT = 1000.0, 360.0
MOST_TILES: Final = 60
_KINDS: Final = (
    "system", "tool", "mcp tool", "user", "reminder",
    "assistant", "thinking", "tool call", "tool result", "image",
)  # fmt: skip
_COLOURS: Final = {
    "system": "0", "tool": "1", "mcp tool": "6", "user": "2", "reminder": "8",
    "assistant": "4", "thinking": "7", "tool call": "5", "tool result": "3", "image": "5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """A tile with what it stands for, and the class of its colour."""

    tile: Tile
    item: Item
    colour: str
    label: str


def fills(request: Request) -> Response:
    """What fills the context window, as a treemap and a table."""
    lens: Lens = request.app.state.lens
    summary = lens.reader.summary(request.path_params["exchange"])
    bodies = lens.reader.bodies(summary["id"])
    if bodies is None or not isinstance(bodies.request, Mapping):
        raise NotFound("no body is kept")
    usage = summary["usage"]
    counted = (
        usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        if usage
        else None
    )
    found = context(bodies.request, counted or None)
    items = found["items"][:MOST_TILES]
    tiles = squarified([item["tokens"] for item in items], WIDTH, HEIGHT)
    areas = [_area(tile, items[tile.index]) for tile in tiles]
    kinds: dict[str, int] = dict.fromkeys(_KINDS, 0)
    for item in found["items"]:
        kinds[item["kind"]] += item["tokens"]
    return page(
        "fills.html",
        found=found,
        areas=areas,
        kinds=[(kind, tokens, _COLOURS[kind]) for kind, tokens in kinds.items() if tokens],
    )


def cache(request: Request) -> Response:
    """Why the cache was read as far as it was."""
    lens: Lens = request.app.state.lens
    summary = lens.reader.summary(request.path_params["exchange"])
    with lens.reader.connect() as connection:
        reason = why.of_exchange(connection, summary["id"])
    return page("why.html", reason=reason)


def _area(tile: Tile, item: Item) -> Area:
    name: Any = item["file"] or item["name"]
    words = f"{item['kind']} {name}" if name and name != item["kind"] else item["kind"]
    return Area(tile, item, _COLOURS[item["kind"]], f"{words}: {item['tokens']:,} tokens")


routes = [
    Route("/exchanges/{exchange}/context", fills),
    Route("/exchanges/{exchange}/why", cache),
]
