"""Sessions taken away."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from claude_lens.store.sink import StoreSink
from tests.dashboard.test_conversation import S, said, user
from tests.store.conftest import Make


@pytest.fixture(autouse=True)
def kept(make: Make, sink: StoreSink) -> None:
    """One exchange."""
    sink.ended(make({"messages": [user("a walrus <script>alert(1)</script>")]}, said("seen")))
    sink.flush()


@pytest.mark.parametrize("kind", ["jsonl", "har", "md", "html"])
def test_a_file_with_everything_in_it(client: TestClient, kind: str) -> None:
    answer = client.get(f"/sessions/{S}/export/{kind}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="claude-lens-{S}.{kind}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "walrus" in answer.text
    assert "seen" in answer.text


def test_json_lines_and_har_are_json(client: TestClient) -> None:
    assert [json.loads(line) for line in client.get(f"/sessions/{S}/export/jsonl").text.splitlines()]
    assert len(client.get(f"/sessions/{S}/export/har").json()["log"]["entries"]) == 1


def test_nothing_runs_in_the_page(client: TestClient) -> None:
    assert "<script>alert" not in client.get(f"/sessions/{S}/export/html").text


@pytest.mark.parametrize("path", [f"/sessions/{S}/export/exe", "/sessions/nobody/export/md"])
def test_what_there_is_not(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
