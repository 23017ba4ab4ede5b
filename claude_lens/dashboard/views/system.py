"""System: what ``lensctl status`` knows, and the routes in effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.commands import status
from claude_lens.dashboard.templating import page

if TYPE_CHECKING:
    from claude_lens.dashboard.app import Lens


def system(request: Request) -> Response:
    """The page; the part that changes is asked for again every few seconds."""
    lens: Lens = request.app.state.lens
    facts: dict[str, Any] = status.gather(lens.settings)
    values: dict[str, Any] = {
        "facts": facts,
        "lanes": _numbers(facts.get("lanes")),
        "recording": _numbers(facts.get("recording")),
        "large": (facts["database"]["bytes"] or 0) > status.LARGE,
        "watchers": lens.feed.watchers,
        "keep_days": lens.settings.keep_days,
        "max_size": lens.settings.max_size,
        "bodies": lens.settings.bodies,
    }
    if "hx-request" in request.headers:
        return page("system_facts.html", **values)
    token = lens.access.token(request.scope["cookie"])
    return page("system.html", here="system", token=token, **values)


def _numbers(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, dict) else {}


routes = [Route("/system", system)]
