"""Connections are given back by pages that nobody looks at, and taken up again without a gap."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser.conftest import Recorded, Watched
from tests.dashboard.browser.test_live_page import at_ease, send
from tests.upstream import always, say, text

pytestmark = pytest.mark.slow
HIDE = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s})"


def look(page: Page, at: bool) -> None:
    """Make the page believe that somebody looks at it, or that nobody does."""
    page.evaluate(HIDE % ("false" if at else "true"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_hidden_page_rests_and_catches_up(recorded: Recorded, watched: Watched) -> None:
    recorded.provider.play(always(say(text("fine"))))
    session = str(uuid.uuid4())
    page = watched.page
    page.clock.install()
    watched.go(f"/live?session={session}")
    page.clock.run_for(1000)
    at_ease(page)
    look(page, False)
    page.clock.run_for(25_000)
    send(recorded, session, "while nobody looked")
    recorded.proxy.settled()
    expect(page.locator("#rows tr")).to_have_count(0)
    look(page, True)
    page.clock.run_for(2000)
    expect(page.locator("#rows tr.ok")).to_have_count(1)
    send(recorded, session, "while somebody looks")
    expect(page.locator("#rows tr.ok")).to_have_count(2)
