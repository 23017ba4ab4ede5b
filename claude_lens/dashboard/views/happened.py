"""The head of a session's page: what it does, where time and money went, which files it changed."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.agents import looks
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, session_id
from claude_lens.errors import NotFound
from claude_lens.happened.states import ACTIVE, SessionState
from claude_lens.store.happened.digests import Digest, digests_of
from claude_lens.store.happened.listing import keys_of
from claude_lens.store.happened.live import states_of
from claude_lens.store.happened.money import PARTS
from claude_lens.store.reading.queries import Reader

SLOWEST: Final = 4


def state_of(reader: Reader, session: str) -> SessionState | None:
    """What a session with this whole id does."""
    with reader.connect() as connection:
        keys = keys_of(connection, [session])
        found = states_of(connection, list(keys.values()))
    return next(iter(found.values()), None)


def is_lively(found: SessionState | None) -> bool:
    """Whether time alone may make it another state."""
    return found is not None and (
        found["kind"] in ACTIVE or any(a["kind"] in ACTIVE for a in found["agents"])
    )


def state(request: Request) -> Response:
    """What the session does now; asked for again while something goes on."""
    lens: Lens = request.app.state.lens
    name = session_id(request.path_params["session"])
    found = state_of(lens.reader, name)
    return page("session_state.html", state=found, session=name, lively=is_lively(found))


def happened(request: Request) -> Response:
    """The two bars, costs by agent, files."""
    lens: Lens = request.app.state.lens
    about = lens.reader.session(session_id(request.path_params["session"]))
    with lens.reader.connect() as connection:
        keys = keys_of(connection, [about["id"]])
        found = next(iter(digests_of(connection, list(keys.values())).values()), None)
    if found is None:
        raise NotFound(f"no session {about['id']!r}")
    shown = looks(lens.reader.agents(about["id"])) if len(found["money"]) > 1 else {}
    return page(
        "happened.html",
        names={ident: look.name for ident, look in shown.items()},
        digest=found,
        money=_together(found),
        missed=_missed(found),
        slowest=list(islice(found["times"]["by_tool"].items(), SLOWEST)),
        session=about["id"],
        project=about["project"],
    )


def _together(found: Digest) -> dict[str, float]:
    names = ("usd", *PARTS, "other")
    rows: list[Any] = list(found["money"])
    return {name: sum(one[name] for one in rows) for name in names}


def _missed(found: Digest) -> list[tuple[str, float, str]]:
    """Causes with their costs, the dearest first, each with the exchange that it cost most in."""
    sums: dict[str, float] = {}
    most: dict[str, tuple[float, str]] = {}
    for one in found["missed"]:
        usd = one["usd"] or 0.0
        sums[one["cause"]] = sums.get(one["cause"], 0.0) + usd
        most[one["cause"]] = max(most.get(one["cause"], (-1.0, "")), (usd, one["exchange_id"]))
    return sorted(((cause, usd, most[cause][1]) for cause, usd in sums.items()), key=lambda row: -row[1])


routes = [
    Route("/sessions/{session}/state", state),
    Route("/sessions/{session}/happened", happened),
]
