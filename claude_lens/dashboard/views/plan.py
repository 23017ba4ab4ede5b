"""The plan's windows and the guard's limits: a gauge on every page, and a page of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.errors import LensError
from claude_lens.guard import words
from claude_lens.proxy import limits
from claude_lens.store.numbers import plan

MOST_STOPS = 5


def gauge(request: Request) -> Response:
    """The newest reading of each window, and the limits that are nearly used up."""
    lens: Lens = request.app.state.lens
    now = time.time()
    with lens.reader.connect() as connection:
        newest = plan.latest(connection, now)
    shown = [_window(one) for one in newest if one["name"] in plan.LENGTHS][:4]
    near = [_limit(one, now) for one in _limits(lens)["rules"] if one["warned"] and one["limit"]]
    return page("gauge.html", windows=shown, limits=near[:4])


def show(request: Request) -> Response:
    """Who used the windows, and every limit."""
    lens: Lens = request.app.state.lens
    now = time.time()
    with lens.reader.connect() as connection:
        windows = plan.plan(connection, now)
    told = _limits(lens)
    return page(
        "plan.html",
        here="plan",
        token=lens.access.token(request.scope["cookie"]),
        windows=[_whole(one, now) for one in windows],
        limits=[_limit(one, now) for one in told["rules"]],
        problem=told["problem"],
    )


def _limits(lens: Lens) -> dict[str, Any]:
    try:
        return limits.gather(lens.settings)
    except LensError as error:
        return {"rules": [], "problem": str(error)}


def _window(one: Mapping[str, Any]) -> dict[str, Any]:
    shown = words.amount(one["used"], "plan")
    status = one["status"] or ""
    return {
        "name": one["name"],
        "used": min(one["used"], 1.0),
        "shown": shown,
        "title": f"{one['name']} window: {shown} used" + (f", {status}" if status else ""),
        "full": one["used"] >= 1 or status == "rejected",
        "warned": status == "allowed_warning",
    }


def _whole(one: plan.PlanWindow, now: float) -> dict[str, Any]:
    return {
        "name": one["name"],
        "account": one["account"],
        "shown": words.amount(one["used"], "plan"),
        "resets": _moment(one["resets_at"], now),
        "full": _moment(one["full_at"], now),
        "by": [{**part, "shown": words.amount(part["share"], "plan")} for part in one["by"]],
        "elsewhere": words.amount(one["elsewhere"], "plan") if one["elsewhere"] else None,
    }


def _limit(one: Mapping[str, Any], now: float) -> dict[str, Any]:
    spent, limit = words.amount(one["spent"], one["unit"]), words.amount(one["limit"], one["unit"])
    return {
        "name": one["id"],
        "used": min(one["spent"] / one["limit"], 1.0) if one["limit"] else 1.0,
        "shown": f"{100 * one['spent'] / one['limit']:.0f} %" if one["limit"] else "0",
        "title": f"{one['id']}: {spent} of {limit}",
        "full": one["left"] <= 0,
        "spent": spent,
        "limit": limit,
        "left": words.amount(one["left"], one["unit"]),
        "until": words.moment(one["resets_at"], now),
        "stopped": [{**stop, "at": words.moment(stop["at"], now)} for stop in one["stopped"][-MOST_STOPS:]],
    }


def _moment(text: str | None, now: float) -> str:
    return words.moment(datetime.fromisoformat(text).timestamp(), now) if text else ""


routes = [Route("/plan", show), Route("/plan/gauge", gauge)]
