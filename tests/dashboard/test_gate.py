"""Nobody gets in without the cookie, from another page, or by another name."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from claude_lens import settings as setting_table
from claude_lens.dashboard.access import Access
from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.gate import TOKEN_HEADER, cookie_name
from claude_lens.dashboard.server import link
from claude_lens.settings import Settings
from tests.dashboard.conftest import ORIGIN, PORT

PATHS = [
    "/",
    "/live",
    "/live/events",
    "/sessions",
    "/sessions/x",
    "/sessions/x/turns",
    "/exchanges",
    "/exchanges/x",
]
PATHS += [
    "/exchanges/x/request.json",
    "/content/1/content",
    "/numbers",
    "/numbers.csv",
    "/system",
    "/search?q=a",
]
PATHS += ["/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_locked_without_a_cookie(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert "lensctl dashboard" in answer.text


@pytest.mark.parametrize("cookie", ["", "1.2.3", "9999999999.abc." + "0" * 64, '"', "a=b; c"])
def test_a_guessed_cookie_opens_nothing(stranger: TestClient, cookie: str) -> None:
    answer = stranger.get("/live", headers={"cookie": f"{cookie_name(PORT)}={cookie}"})
    assert answer.status_code == 401


def test_the_link_gives_a_strict_cookie_once(stranger: TestClient, settings: Settings) -> None:
    url = link(settings, ORIGIN)
    opened = stranger.get(url)
    assert opened.status_code == 200
    given = opened.headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=strict" in given
    assert "Path=/" in given
    assert stranger.get("/live").status_code == 200
    stranger.cookies.clear()
    assert stranger.get(url).status_code == 401
    assert "set-cookie" not in stranger.get(url).headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8083", "127.0.0.1.evil.example", "[::2]:8083", ""]
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/live", headers={"host": host})
    assert answer.status_code == 403
    assert "<table" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8083", "localhost:8083", "[::1]:8083"])
def test_loopbacks_names_are_known(stranger: TestClient, settings: Settings, host: str) -> None:
    access = Access(settings.home)
    cookie = f"{cookie_name(PORT)}={access.new_cookie()}"
    assert stranger.get("/live", headers={"host": host, "cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "http://localhost:8083",
        "http://[::1",
        "file://",
    ],
)
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/live", headers={"origin": origin}).status_code == 403


def test_the_pages_own_origin_may_ask(client: TestClient) -> None:
    assert client.get("/live", headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"}).status_code == 200


def test_another_sites_page_may_link_but_not_load(client: TestClient) -> None:
    linked = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    loaded = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/live", headers=linked).status_code == 200
    assert client.get("/live", headers=loaded).status_code == 403
    assert client.post("/live", headers=linked).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_changes_need_the_token(client: TestClient, settings: Settings, method: str) -> None:
    assert client.request(method, "/live").status_code == 403
    assert client.request(method, "/live", headers={TOKEN_HEADER: "0" * 64}).status_code == 403
    cookie = client.cookies[cookie_name(PORT)]
    token = Access(settings.home).token(cookie)
    assert client.request(method, "/live", headers={TOKEN_HEADER: token}).status_code == 405


@pytest.mark.parametrize("path", ["/live", "/nowhere", "/health", "/static/lens.css", "/open?token=x"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy.replace("https-only", "")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_refusals_carry_it_too(stranger: TestClient) -> None:
    assert "content-security-policy" in stranger.get("/live").headers
    assert "content-security-policy" in stranger.get("/live", headers={"host": "evil"}).headers


def test_health_says_little_and_needs_no_cookie(stranger: TestClient) -> None:
    answer = stranger.get("/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "service", "version", "pid"}


def test_names_of_the_users_own_may_be_allowed(settings: Settings) -> None:
    environ = {"CLAUDE_LENS_HOME": str(settings.home), "CLAUDE_LENS_ALLOWED_HOSTS": "lens.lan"}
    app = create_app(setting_table.parse(environ), "127.0.0.1", PORT)
    with TestClient(app, base_url="http://lens.lan:8083") as client:
        assert client.get("/live").status_code == 401
        assert client.get("/live", headers={"host": "other.lan"}).status_code == 403


def test_beyond_loopback_only_the_cookie_guards(settings: Settings) -> None:
    with TestClient(create_app(settings, "0.0.0.0", PORT), base_url="http://box.lan:8083") as client:
        assert client.get("/live").status_code == 401
