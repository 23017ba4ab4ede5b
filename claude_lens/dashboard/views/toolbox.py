"""The tools that a request offered to the model: what each says of itself, and what it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.dashboard.views.exchange import summary_of
from claude_lens.errors import NotFound

SHOWN: Final = 400
MOST_TEXT: Final = 40_000
_MOST_ENUM: Final = 12


@dataclass(frozen=True, slots=True)
class Parameter:
    """A property of a tool's input; ``kind`` is its type in words."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Tool:
    """``first`` is the first line of ``description``; ``size`` is in bytes of JSON."""

    name: str
    first: str
    description: str
    size: int
    parameters: list[Parameter]


def tools(request: Request) -> Response:
    """All of them, asked for when the fold is opened."""
    lens: Lens = request.app.state.lens
    bodies = lens.reader.bodies(summary_of(lens, request)["id"])
    if bodies is None or not isinstance(bodies.request, Mapping):
        raise NotFound("no body is kept")
    given = bodies.request.get("tools")
    return page(
        "toolbox.html", tools=[tool_of(one) for one in given[:SHOWN]] if isinstance(given, list) else []
    )


def tool_of(value: Any) -> Tool:
    """What a definition says, whatever it is."""
    given: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    description = str(given.get("description") or "").strip()
    return Tool(
        name=str(given.get("name") or given.get("type") or "?"),
        first=description.split("\n", 1)[0][:160],
        description=description[:MOST_TEXT],
        size=len(json.dumps(value)),
        parameters=list(_parameters(given.get("input_schema"))),
    )


def _parameters(schema: Any) -> Iterator[Parameter]:
    if not isinstance(schema, Mapping):
        return
    known, needed = schema.get("properties"), schema.get("required")
    for name, one in known.items() if isinstance(known, Mapping) else ():
        required = isinstance(needed, list) and name in needed
        words = str(one.get("description") or "") if isinstance(one, Mapping) else ""
        yield Parameter(str(name), kind_of(one), required, words)


def kind_of(schema: Any) -> str:
    """``string``, ``array of string``, ``one of "a", "b"``; empty where it says nothing."""
    if not isinstance(schema, Mapping):
        return ""
    allowed = schema.get("enum")
    if isinstance(allowed, list):
        told = [json.dumps(value, ensure_ascii=False) for value in allowed[:_MOST_ENUM]]
        return "one of " + ", ".join([*told, "…"] if len(allowed) > _MOST_ENUM else told)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(map(str, kind))
    if kind == "array" and (inner := kind_of(schema.get("items"))):
        return f"array of {inner}"
    for name in ("anyOf", "oneOf"):
        choices = schema.get(name)
        if isinstance(choices, list):
            return " or ".join(word for word in map(kind_of, choices) if word)
    return str(kind or "")


routes = [Route("/exchanges/{exchange}/tools", tools)]
