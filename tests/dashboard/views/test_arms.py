"""A session beside those that went on from it, and the commands at a turn."""

from __future__ import annotations

from html import unescape

from starlette.testclient import TestClient

from claude_lens.dashboard.templating import session_path
from claude_lens.settings import Settings
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, user
from tests.store.conftest import Make


def test_the_commands_at_a_turn(client: TestClient, make: Make, sink: StoreSink) -> None:
    one = make({"messages": [user("go")]}, said("gone"), session="it's; one")
    sink.ended(one)
    sink.flush()
    name = str(one.identity.session_id)
    page = unescape(text_of(client.get(f"/sessions/{session_path(name)}")))
    assert f"lensctl ask {one.id[:16]} --model NAME" in page
    assert f"--from {one.id[:16]} --model NAME" in page
    assert "lensctl replay 'it'\"'\"'s; one' --speed max" in page, "what is copied is one word to a shell"


def test_side_by_side(client: TestClient, make: Make, sink: StoreSink, settings: Settings) -> None:
    sessions = ["origin", "arm-one", "arm-two"]
    for at, name in enumerate(sessions):
        sink.ended(make({"messages": [user("go")]}, said(f"answer of {name}"), session=name, at=1e9 + at))
    sink.flush()
    alone = text_of(client.get("/sessions/origin/arms"))
    assert "No arm of this session was recorded" in alone
    assert "2 arms" not in text_of(client.get("/sessions/origin"))
    for name in sessions[1:]:
        tagging.change(settings.database_url, name, ["fork-of:origin", f"arm:model of {name}"])
    page = text_of(client.get("/sessions/origin/arms"))
    for words in ("the session itself", "model of arm-one", "model of arm-two"):
        assert words in page
    for name in sessions:
        assert f"answer of {name}" in page
    assert "2 arms" in text_of(client.get("/sessions/origin"))
    assert client.get("/sessions/nosuch/arms").status_code == 404
