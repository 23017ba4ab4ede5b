"""The dashboard as an ASGI application: its routes, behind the gate."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import claude_lens
from claude_lens.dashboard import gate
from claude_lens.dashboard.access import COOKIE_SECONDS, Access
from claude_lens.dashboard.feed import Feed
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import STATIC, page
from claude_lens.dashboard.views import (
    arms,
    comparison,
    exchange,
    export,
    happened,
    insight,
    listing,
    live,
    media,
    numbers,
    plan,
    session,
    sessions,
    steps,
    system,
    today,
    toolbox,
    waste,
)
from claude_lens.errors import NotFound, StoreError, UserError
from claude_lens.hosts import HostGuard
from claude_lens.settings import Settings, is_loopback
from claude_lens.store import database
from claude_lens.store.reading.queries import open_reader

SERVICE = "claude-lens-dashboard"
FIRST_PAGE = "/"


class Static(StaticFiles):
    """Static files; those asked for with their version are kept by browsers for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file."""
        answer = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def create_app(settings: Settings, host: str, port: int) -> gate.Gate:
    """The application for a server on ``host`` and ``port``. Raises :class:`HostError`."""
    access = Access(settings.home)
    reader = open_reader(settings)
    feed = Feed(reader, file=database.file_of(database.parse(settings.database_url)))
    lens = Lens(settings, reader, feed, access)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await lens.feed.close()
        reader.close()

    app = Starlette(
        routes=_routes(),
        lifespan=lifespan,
        exception_handlers={
            NotFound: _missing,
            UserError: _mistaken,
            StoreError: _broken,
            HTTPException: _refused,
            Exception: _failed,
        },
    )
    app.state.lens = lens
    app.state.cookie = gate.cookie_name(port)
    loopback = is_loopback(f"//[{host}]" if ":" in host else f"//{host}")
    guard = HostGuard(settings.allowed_hosts) if loopback else None
    return gate.Gate(app, access=access, guard=guard, port=port, locked=lambda: page("locked.html", 401))


def _routes() -> list[Route | Mount]:
    return [
        Route("/health", _health),
        Route("/open", _open),
        Route("/favicon.ico", lambda _: RedirectResponse("/static/icon.svg")),
        *today.routes,
        *live.routes,
        *listing.routes,
        *sessions.routes,
        *session.routes,
        *happened.routes,
        *steps.routes,
        *export.routes,
        *exchange.routes,
        *comparison.routes,
        *arms.routes,
        *toolbox.routes,
        *insight.routes,
        *media.routes,
        *numbers.routes,
        *plan.routes,
        *waste.routes,
        *system.routes,
        Mount("/static", Static(directory=STATIC)),
    ]


def _health(_: Request) -> Response:
    return JSONResponse(
        {"status": "healthy", "service": SERVICE, "version": claude_lens.__version__, "pid": os.getpid()}
    )


def _open(request: Request) -> Response:
    """Trade a one-time link for the cookie."""
    lens: Lens = request.app.state.lens
    if not lens.access.use_link(request.query_params.get("token", "")):
        return page("locked.html", 401)
    # Not a redirect: a browser that came from another site would not send the strict cookie along with it.
    answer = page("opened.html", to=_own_page(request.query_params.get("to", "")))
    answer.set_cookie(
        request.app.state.cookie,
        lens.access.new_cookie(),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    answer.headers["cache-control"] = "no-store"
    return answer


def _own_page(wanted: str) -> str:
    """``wanted`` where it is a page of ours, the first page otherwise: a link must not lead elsewhere."""
    ours = re.fullmatch(r"/(?:sessions|exchanges)/[^/\\\s][^\s]*", wanted)
    return quote(wanted, safe="/#?=&:@%") if ours else FIRST_PAGE


def _missing(_: Request, error: Exception) -> Response:
    return page("problem.html", 404, title="Nothing here", text=str(error))


def _mistaken(_: Request, error: Exception) -> Response:
    return page("problem.html", 400, title="That cannot be shown", text=str(error))


def _broken(_: Request, error: Exception) -> Response:
    return page("problem.html", 503, title="The database cannot be read", text=str(error))


def _failed(_: Request, error: Exception) -> Response:
    return page(
        "problem.html", 500, title="That went wrong", text=f"{type(error).__name__}; the log has more"
    )


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = {404: "Nothing here", 405: "Not this way"}.get(error.status_code, "That did not work")
    return page("problem.html", error.status_code, title=title, text=str(error.detail))
