"""Routes, and what goes wrong with them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.server import link
from claude_lens.settings import Settings
from claude_lens.store.reading import browse
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import ORIGIN, PORT


def test_the_first_page_is_today(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "<h1>Today" in answer.text


def test_what_is_not_there_is_said_so(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_a_damaged_database_is_said_so(client: TestClient, settings: Settings, sink: StoreSink) -> None:
    sink.flush()
    sink.close()
    for file in settings.home.glob("lens.db*"):
        file.unlink()
    (settings.home / "lens.db").write_bytes(b"no database at all" * 100)
    for path in ("/live", "/sessions", "/numbers/sums", "/exchanges", "/sessions/x"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "no database" in answer.text


def test_a_mistake_of_ours_is_a_page_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(browse, "find", broken)
    app = create_app(settings, "127.0.0.1", PORT)
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
        client.get(link(settings, ORIGIN))
        answer = client.get("/sessions")
    assert answer.status_code == 500
    assert "That went wrong" in answer.text
    assert "secret detail" not in answer.text
    assert "content-security-policy" in answer.headers


def test_static_files_are_kept_by_version(client: TestClient) -> None:
    assert "immutable" in client.get("/static/lens.css?v=1").headers["cache-control"]
    assert "immutable" not in client.get("/static/lens.css").headers["cache-control"]


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"])
def test_only_static_files_are_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 401)


def test_pages_are_not_cached_without_asking(client: TestClient) -> None:
    assert client.get("/live").headers["cache-control"] == "private, no-cache"


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_it_needs_no_litellm() -> None:
    assert python("import sys, claude_lens.dashboard.app; print('litellm' in sys.modules)") == "False\n"


@pytest.mark.timed
def test_it_starts_within_a_second() -> None:
    load = "import time; t = time.process_time; at = t(); import claude_lens.dashboard.app; print(t() - at)"
    assert min(float(python(load)) for _ in range(3)) < 1
