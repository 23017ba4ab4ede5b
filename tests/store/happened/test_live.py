"""What the real client does is told while it does it, against a provider that says when to go on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from claude_lens.happened.states import STALLED_AFTER
from claude_lens.store.happened import live
from claude_lens.store.happened.live import active, is_alone, states_of
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.following import ENDED, tell
from tests.harness import Claude, Proxy, finish
from tests.store.conftest import Make, body_of, message_of
from tests.store.happened.conftest import Watcher
from tests.upstream import Call, Provider, Reply, error, held, in_order, say, slow, spawn, text, tool_use


@pytest.mark.parametrize("lane", ["auto"], indirect=True)
def test_every_state_appears_and_leaves(
    proxy: Proxy, upstream: Provider, watcher: Watcher, tmp_path: Path
) -> None:
    first, second, go = threading.Event(), threading.Event(), tmp_path / "go"
    wait = {"command": f"until [ -e '{go}' ]; do sleep 0.05; done", "description": "Wait"}
    words = "word " * 400
    upstream.play(
        in_order(
            held(say(text("look"), tool_use("Bash", wait)), first),
            error(529, "Overloaded", (("retry-after", "2"),)),
            error(529, "Overloaded", (("retry-after", "2"),)),
            slow(say(text(words)), between=STALLED_AFTER + 1.5, after=4),
            held(say(text("never")), second),
        )
    )
    child = Claude(tmp_path / "client", upstream.url, proxy).start("do it all")
    began = time.time()
    state = watcher.kind("waiting_first_token")
    assert state["detail"] is None
    first.set()
    state = watcher.kind("tool")
    assert (state["tool"], state["detail"]) == (
        "Bash",
        wait["command"][:119] + "…" if len(wait["command"]) > 120 else wait["command"],
    )
    go.touch()
    state = watcher.kind("retrying")
    assert state["tries"] == 1
    assert state["retry_at"] is not None
    found = watcher.until(lambda one: bool(one["state"] and one["state"]["tries"] == 2))
    assert found["errors"] == 2
    state = watcher.kind("streaming")
    assert state["tokens"] > 0
    state = watcher.kind("stalled")
    assert state["last_byte_at"] == state["since"]
    watcher.kind("streaming")
    child.popen.terminate()
    finish(child)
    assert time.time() - began < 60
    second.set()


@pytest.mark.parametrize("lane", ["off"], indirect=True)
def test_agents_have_states_of_their_own(
    proxy: Proxy, upstream: Provider, watcher: Watcher, tmp_path: Path
) -> None:
    inside = threading.Event()

    def script(call: Call) -> Reply:
        if call.agent_id is not None:
            return held(say(text("seen")), inside)
        return say(spawn("LOOK around", background=False)) if call.turn == 0 else say(text("done"))

    upstream.play(script)
    child = Claude(tmp_path / "client", upstream.url, proxy).start("send somebody")
    found = watcher.until(lambda one: bool(one["state"] and len(one["state"]["agents"]) == 2))
    assert found["state"] is not None
    main, agent = found["state"]["agents"]
    assert (main["kind"], main["tool"], main["agent_id"]) == ("tool", "Agent", None)
    assert agent["kind"] == "waiting_first_token"
    assert agent["agent_id"]
    inside.set()
    assert finish(child).code == 0
    state = watcher.kind("done")
    assert [one["kind"] for one in state["agents"]] == ["done"]


def test_who_can_type() -> None:
    assert is_alone("claude-cli/2.1.329 (external, sdk-cli)")
    assert is_alone("claude-cli/2.1.329 (external, sdk-py, agent-sdk/0.1)")
    assert is_alone("anthropic-python/0.60")
    assert is_alone(None)
    assert not is_alone("claude-cli/2.1.329 (external, cli)")
    assert not is_alone("claude-cli/2.1.329 (external, claude-vscode)")


def test_a_session_is_told_whatever_its_length(
    sink: StoreSink, url: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claude_lens.exchange import Agent

    monkeypatch.setattr(live, "RECENT", 3)
    now = time.time()
    sink.ended(make(body_of("main"), message_of(0), at=now - 100))
    for number in range(6):
        sink.ended(make(body_of("a"), message_of(1), agent=Agent(id=f"a{number}"), at=now - 50 + number))
    sink.flush()
    with Reader(url) as reader, reader.connect() as connection:
        (key,) = active(connection, now)
        state = states_of(connection, [key], now)[key]
        assert (state["agent_id"], state["kind"], state["tool"]) == (None, "tool", "Bash")
        assert [one["agent_id"] for one in state["agents"]] == [None, "a3", "a4", "a5"]
        # Long ago: neither is active, nor are its agents looked at.
        assert active(connection, now + 9999) == []
        late = states_of(connection, [key], now + 9999)[key]
        assert (late["kind"], len(late["agents"])) == ("idle", 0 + (late["agent_id"] is None))


def test_a_hook_ends_a_session(sink: StoreSink, url: str, make: Make) -> None:
    now = time.time()
    sink.ended(make(body_of("a"), message_of(0), session="s", at=now - 5))
    sink.flush()
    tell(url, "s", ENDED, now)
    with Reader(url) as reader, reader.connect() as connection:
        assert [one["kind"] for one in states_of(connection, active(connection)).values()] == ["done"]
