"""The system page without a proxy; with one it is looked at in a browser."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.dashboard.conftest import text_of


def test_a_proxy_that_is_down_is_said_so(client: TestClient) -> None:
    words = text_of(client.get("/system"))
    assert "not running" in words
    assert "lensctl up" in words
    assert "http://127.0.0.1:9" in words
    assert "lens.db" in words


def test_only_the_part_that_changes_is_asked_for_again(client: TestClient) -> None:
    part = client.get("/system", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "not running" in part
