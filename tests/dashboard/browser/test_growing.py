"""A running session in a browser: what one opened stays open, what comes is added inside it."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser.conftest import Recorded, Watched
from tests.harness.client import MODEL
from tests.upstream import always, say, spawn, text

pytestmark = pytest.mark.slow


def test_an_opened_agent_stays_open_and_grows(recorded: Recorded, watched: Watched) -> None:
    session, agent = str(uuid.uuid4()), "a" + uuid.uuid4().hex[:16]

    def send(*prompts: str, **headers: str) -> None:
        messages: list[dict[str, str]] = []
        for number, prompt in enumerate(prompts):
            messages += [{"role": "assistant", "content": "I see."}] if number else []
            messages.append({"role": "user", "content": prompt})
        body = {"model": MODEL, "max_tokens": 9, "tools": [], "messages": messages}
        recorded.proxy.post(body, **{"x-claude-code-session-id": session, **headers})
        recorded.proxy.settled()

    child = {"x-claude-code-agent-id": agent, "x-claude-code-request-class": "subagent"}
    recorded.provider.play(always(say(spawn("LOOK into the well"))))
    send("go")
    recorded.provider.play(always(say(text("I see."))))
    send("LOOK into the well", **child)
    page = watched.go(f"/sessions/{session}")
    page.wait_for_timeout(500)
    inside = page.locator(f"#agent-{agent}")
    inside.locator("summary").first.click()
    expect(inside.locator("article.turn")).to_have_count(1)
    send("LOOK into the well", "deeper", **child)
    expect(inside.locator("article.turn")).to_have_count(2)
    expect(inside).to_have_attribute("open", "")
    expect(inside).to_contain_text("deeper")
    expect(inside.locator("summary").first).to_contain_text("2 turns")
    expect(page.locator("#conversation > .tail > article.turn, #conversation > article.turn")).to_have_count(
        1
    )
