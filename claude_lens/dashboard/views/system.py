"""System: what ``lensctl status`` knows, and the routes in effect."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens import settings as setting_table
from claude_lens.agents import routes as routing
from claude_lens.commands import status
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.errors import LensError
from claude_lens.settings import Settings

_BACKENDS: Final = {"Arize": "ARIZE_API_KEY", "OTLP": "OTEL_EXPORTER_OTLP_ENDPOINT"}


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
        "rules": _rules(lens.settings),
        "tracing": _tracing(),
        "keep_days": lens.settings.keep_days,
        "max_size": lens.settings.max_size,
        "bodies": lens.settings.bodies,
    }
    if "hx-request" in request.headers:
        return page("system_facts.html", **values)
    token = lens.access.token(request.scope["cookie"])
    return page("system.html", here="system", token=token, **values)


def _rules(settings: Settings) -> tuple[list[tuple[str, str, str]], str]:
    """Rule, model and source of each route in effect; or what is wrong with them."""
    try:
        found = routing.load(settings.config, setting_table.environment(config=settings.config))
    except LensError as error:
        return [], str(error)
    return [(rule.label, found.targets[rule.to].shown, rule.source) for rule in found.rules], ""


def _tracing() -> list[str]:
    """Where traces go, by name; empty where tracing is off."""
    environ = setting_table.environment()
    return [name for name, variable in _BACKENDS.items() if environ.get(variable)]


def _numbers(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, dict) else {}


routes = [Route("/system", system)]
