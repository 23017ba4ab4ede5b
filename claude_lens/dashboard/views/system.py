"""System: what ``lensctl status`` knows, and the routes in effect."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import claude_lens
from claude_lens import settings as setting_table
from claude_lens.agents import routes as routing
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.errors import LensError
from claude_lens.proxy import status
from claude_lens.settings import Settings
from claude_lens.tracing import backends


def system(request: Request) -> Response:
    """The page; the part that changes is asked for again every few seconds."""
    lens: Lens = request.app.state.lens
    facts: dict[str, Any] = status.gather(lens.settings)
    values: dict[str, Any] = {
        "facts": facts,
        "lanes": _numbers(facts.get("lanes")),
        "recording": _numbers(facts.get("recording")),
        "litellm_version": _installed("litellm"),
        "litellm_state": status.LITELLM.get(facts["litellm"], facts["litellm"]),
        "own_version": claude_lens.__version__,
        "large": (facts["database"]["bytes"] or 0) > status.LARGE,
        "watchers": lens.feed.watchers,
        "rules": _rules(lens.settings),
        "tracing": _tracing(lens.settings, _numbers(facts.get("recording"))),
        "keep_days": lens.settings.keep_days,
        "max_size": lens.settings.max_size,
        "bodies": lens.settings.bodies,
        "streams": lens.settings.streams,
        "growth": [(one["days"], status.rate(one)) for one in facts["database"]["growth"]],
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


def _tracing(settings: Settings, recording: Mapping[str, Any]) -> dict[str, Any]:
    """``backends`` with what the recorder counted of each, and what is wrong with the settings."""
    counted = _numbers(_numbers(recording.get("counters")).get("tracing"))
    fault = _numbers(_numbers(recording.get("faults")).get("tracing"))
    try:
        chosen = backends.configured(setting_table.environment(config=settings.config))
    except LensError as error:
        return {"backends": _counted({}, counted), "problem": str(error)}
    known = {one.name: {"host": one.host} for one in chosen}
    # The proxy may run with other settings than those of today: what it says is what happens.
    return {"backends": _counted({} if recording else known, counted), "problem": fault.get("last")}


def _counted(known: Mapping[str, Any], counted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {**_numbers(known.get(name)), **_numbers(counted.get(name))} for name in {**known, **counted}
    }


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _numbers(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, dict) else {}


routes = [Route("/system", system)]
