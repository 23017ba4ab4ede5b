"""Connections are given back by pages that nobody looks at, and taken up again without a gap."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser.conftest import ARGUMENTS, CHROMIUM, Recorded, Watched
from tests.dashboard.browser.tabs import tabs
from tests.dashboard.browser.test_live_page import at_ease, send
from tests.dashboard.conftest import Served
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


def test_twenty_tabs_that_were_opened_behind_one(
    recorded: Recorded, served: Served, visitor: Any, tmp_path: Path
) -> None:
    """A browser has six connections to one server: who is not looked at from the start may take none."""
    session = f"/sessions/{recorded.session}"
    live = f"/live?session={recorded.session}"
    on = "document.querySelector('#link-state')?.className === 'pulse on'"
    with tabs(CHROMIUM, ARGUMENTS, tmp_path / "profile") as browser:
        front, seen = browser.open("about:blank", hidden=False)
        browser.call(
            "Network.setCookies", seen, cookies=[{**one, "url": served.url} for one in visitor["cookies"]]
        )
        behind = [browser.open(served.url + page, hidden=True) for page in [session, live] * 10]
        for _, tab in behind:
            browser.wait(tab, "document.readyState === 'complete' && !!document.querySelector('main')")
            assert browser.evaluate(tab, "document.visibilityState") == "hidden"
        browser.look_at(front)
        browser.call("Page.navigate", seen, url=served.url + live)
        browser.wait(seen, f"document.visibilityState === 'visible' && {on}")
        asked = f"fetch('{session}', {{signal: AbortSignal.timeout(20000)}}).then(answer => answer.status)"
        assert browser.evaluate(seen, asked) == 200
        # One that comes to the front is connected, and shows what happens from then on.
        target, tab = behind[-1]
        browser.look_at(target)
        browser.wait(tab, f"document.visibilityState === 'visible' && {on}")
        recorded.provider.play(always(say(text("fine"))))
        before = browser.evaluate(tab, "document.querySelectorAll('#rows tr').length")
        send(recorded, recorded.session, "while it is looked at")
        browser.wait(tab, f"document.querySelectorAll('#rows tr.ok').length > {before - 1}")
