"""The shortcut finds the same route as the long way, and notices when the routes change."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Route
from starlette.testclient import TestClient
from starlette.types import Scope

from claude_lens.capture.shortcut import Shortcut, install


def answering(path: str, text: str, methods: tuple[str, ...] = ("POST",)) -> Route:
    """A route that answers ``text``."""

    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{text} {dict(request.path_params)}")

    return Route(path, endpoint, methods=list(methods))


@pytest.fixture
def app() -> Starlette:
    """An app where a general route stands behind the exact one, and a shortcut before both."""
    made = Starlette(
        routes=[
            answering("/other", "other"),
            answering("/v1/messages", "get", ("GET",)),
            answering("/v1/messages", "messages"),
            answering("/{rest:path}", "rest"),
        ]
    )
    install(made)
    return made


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/v1/messages", "messages {}"),
        ("GET", "/v1/messages", "get {}"),
        ("POST", "/v1/messages/count_tokens", "rest {'rest': 'v1/messages/count_tokens'}"),
        ("POST", "/other", "other {}"),
        ("POST", "/elsewhere", "rest {'rest': 'elsewhere'}"),
    ],
)
def test_the_answer_is_the_same_twice(app: Starlette, method: str, path: str, answer: str) -> None:
    client = TestClient(app)
    for _ in range(2):
        assert client.request(method, path).text == answer


def test_without_a_route_it_is_not_found() -> None:
    app = Starlette(routes=[answering("/other", "other")])
    install(app)
    assert TestClient(app).post("/v1/messages").status_code == 404


def test_a_method_that_is_not_allowed_is_told_so() -> None:
    app = Starlette(routes=[answering("/v1/messages", "messages")])
    install(app)
    assert TestClient(app).delete("/v1/messages").status_code == 405


def test_a_new_route_before_it_is_noticed(app: Starlette) -> None:
    client = TestClient(app)
    assert client.post("/v1/messages").text == "messages {}"
    app.router.routes.insert(1, answering("/v1/messages", "newer"))
    assert client.post("/v1/messages").text == "newer {}"


def test_the_others_are_not_asked_again(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(app)
    client.post("/v1/messages")
    asked: list[str] = []

    def matches(scope: Scope) -> tuple[Match, Scope]:
        asked.append(scope["path"])
        return Match.NONE, {}

    monkeypatch.setattr(app.router.routes[1], "matches", matches)
    client.post("/v1/messages")
    assert asked == []


def test_it_is_installed_once(app: Starlette) -> None:
    install(app)
    assert sum(isinstance(route, Shortcut) for route in app.router.routes) == 1
