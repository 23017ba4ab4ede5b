"""The page of what was wasted, and the sections of other pages."""

from __future__ import annotations

import re
import time

import pytest
from starlette.testclient import TestClient

from claude_lens.dashboard.views.waste import SHOWN
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import ORIGIN, text_of
from tests.findings.planted import READ, WRITE, Talk, said, used
from tests.store.conftest import Make

LOST = 80_000 * (WRITE - READ)


@pytest.fixture
def paused(sink: StoreSink, make: Make) -> Talk:
    """A session of this hour that a pause made dearer."""
    talk = Talk(sink, make)
    talk.at = time.time() - 3_000
    talk.turn("first", [said("a")], used(0, 80_000))
    talk.at += 840
    talk.turn("second", [said("b")], used(0, 80_100))
    sink.flush()
    return talk


def test_an_empty_store(client: TestClient) -> None:
    assert 'hx-get="/waste/body?"' in client.get("/waste").text
    assert "Nothing in this range" in text_of(client.get("/waste/body"))
    assert "Nothing was recorded" in text_of(client.get("/waste/section?since=7d"))


def test_a_finding_with_its_evidence(client: TestClient, paused: Talk) -> None:
    words = text_of(client.get("/waste/body?range=1d"))
    assert f"${LOST:.4f} measured once in 1 session" in words
    assert "A pause outlasted the prompt cache" in words
    assert "export ENABLE_PROMPT_CACHING_1H=1" in words
    assert f'href="/exchanges/{paused.sent[1].id}"' in client.get("/waste/body").text
    assert "Nothing in this range" in text_of(client.get("/waste/body?project=/elsewhere"))
    chosen = client.get("/waste?range=1d&project=/home/me/app").text
    assert 'hx-get="/waste/body?range=1d&amp;project=%2Fhome%2Fme%2Fapp"' in chosen


def test_sections_of_other_pages(client: TestClient, paused: Talk) -> None:
    for address in ("/waste/section?since=7d", "/waste/section?session=s"):
        page = client.get(address)
        assert "A pause outlasted" in text_of(page)
        assert page.text.count('<li class="finding"') == 1 <= SHOWN
        assert "hx-post" not in page.text
    assert client.get("/waste/section?session=nobody").status_code == 404
    assert client.get("/waste/section?since=soon").status_code == 400
    assert 'hx-get="/waste/section?session=s"' in client.get("/sessions/s").text


def test_nothing_worth_telling(client: TestClient, sink: StoreSink, make: Make) -> None:
    talk = Talk(sink, make)
    talk.at = time.time() - 60
    talk.turn("first", [said("a")], used(0, 80_000))
    sink.flush()
    assert "No waste worth telling" in text_of(client.get("/waste/body"))
    assert "No waste worth telling in this session" in text_of(client.get("/waste/section?session=s"))


def test_to_accept_one_and_to_take_it_back(client: TestClient, paused: Talk) -> None:
    page = client.get("/waste").text
    token = re.search(r'"x-lens-token": "([^"]+)"', page)
    ident = re.search(r"finding-(cache-pause-[0-9a-f]{8})", client.get("/waste/body").text)
    assert token is not None
    assert ident is not None
    headers = {"x-lens-token": token[1], "origin": ORIGIN}
    assert client.post("/waste/accept", data={"id": ident[1]}).status_code == 403
    done = client.post("/waste/accept?range=7d", data={"id": ident[1]}, headers=headers)
    assert "accepted" in text_of(done)
    assert "What became of it" in text_of(done)
    assert "Take back" in text_of(client.get("/waste/body"))
    undone = client.post("/waste/accept", data={"id": ident[1], "undo": "1"}, headers=headers)
    assert "Take back" not in text_of(undone)
    assert client.post("/waste/accept", data={"id": "nothing"}, headers=headers).status_code == 404
