"""Going back to a page finds it as one left it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser.conftest import Recorded, Watched

pytestmark = pytest.mark.slow


def test_a_session_keeps_hits_panels_and_place(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.locator("#find-here").fill("greeting")
    expect(page.locator("#found .found").first).to_be_visible()
    page.locator("#steps > summary").click()
    expect(page.locator("#steps .steps li").first).to_be_visible()
    page.locator("#timeline > summary").click()
    expect(page.locator("#timeline .bar").first).to_be_visible()
    page.locator(".turn .meta a[href^='/exchanges/']").last.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    place = page.evaluate("scrollY")
    assert place > 0
    page.locator(".turn .meta a[href^='/exchanges/']").last.click()
    page.wait_for_url("**/exchanges/**")
    page.go_back()
    expect(page.locator("#found .found").first).to_be_visible()
    expect(page.locator("#find-here")).to_have_value("greeting")
    expect(page.locator("#steps .steps li").first).to_be_visible()
    expect(page.locator("#timeline .bar").first).to_be_visible()
    page.wait_for_function(f"Math.abs(scrollY - {place}) < 4")


def test_a_page_that_one_opens_anew_begins_at_its_beginning(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.locator("#timeline > summary").click()
    expect(page.locator("#timeline .bar").first).to_be_visible()
    watched.go("/")
    page = watched.go(f"/sessions/{recorded.session}")
    expect(page.locator("#timeline")).not_to_have_attribute("open", "")
    assert page.evaluate("scrollY") == 0
