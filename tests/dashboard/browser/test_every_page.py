"""Every page, wide and narrow, light and dark: nothing goes wrong on it, and everybody can use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.browser.conftest import SHOTS, Recorded, Watched
from tests.dashboard.conftest import Served

pytestmark = pytest.mark.slow
AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
PAGES = [
    "today",
    "live",
    "sessions",
    "session",
    "agent",
    "exchange",
    "refused",
    "exchanges",
    "numbers",
    "waste",
    "search",
    "system",
]
SIZES = [(1440, 900), (390, 844)]
SCHEMES = ["light", "dark"]
MOVED = """window.moved = 0
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.moved += one.value
}).observe({type: 'layout-shift', buffered: true})"""
UNREACHABLE = """[...document.querySelectorAll('[data-open], button[hx-get], input[hx-get], summary, main a')]
  .filter(one => one.offsetParent && one.tabIndex < 0).map(one => one.outerHTML.slice(0, 100))"""
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"


def path(name: str, recorded: Recorded) -> str:
    """The address of a page."""
    shown = recorded.proxy.show(recorded.session)["exchanges"]
    inner = next(one["id"] for one in shown if one["agent"]["parent_id"])
    return {
        "today": "/",
        "session": f"/sessions/{recorded.session}",
        "agent": f"/sessions/{recorded.session}?at={inner}",
        "refused": f"/sessions/{recorded.failed}",
        "exchange": f"/exchanges/{shown[2]['id']}",
        "exchanges": "/exchanges?status=ok",
        "search": "/search?q=greeting",
    }.get(name, f"/{name}")


def opened(page: Page) -> None:
    """Open what is folded, so that it is looked at too."""
    for _ in range(3):
        page.evaluate(
            "document.querySelectorAll('main details:not([open])').forEach(one => { one.open = true })"
        )
        page.wait_for_timeout(350)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
@pytest.mark.parametrize("name", PAGES)
def test_a_page(
    name: str,
    size: tuple[int, int],
    scheme: Any,
    browser: Browser,
    visitor: Any,
    served: Served,
    recorded: Recorded,
) -> None:
    width, height = size
    context = browser.new_context(
        storage_state=visitor,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        bypass_csp=True,
    )
    try:
        watched = Watched(context.new_page(), served.url)
        page = watched.go(path(name, recorded))
        page.wait_for_timeout(500)
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")
        opened(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.add_script_tag(path=AXE)
        found = page.evaluate(f"axe.run(document, {RULES})")
        wrong = [
            (
                one["id"],
                [node["html"][:160] for node in one["nodes"]][:4],
                one["nodes"][0].get("failureSummary", "")[:200],
            )
            for one in found["violations"]
        ]
        assert wrong == []
        assert watched.problems == []
    finally:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_while_a_page_loads(name: str, watched: Watched, recorded: Recorded) -> None:
    watched.page.add_init_script(MOVED)
    page = watched.go(path(name, recorded))
    page.wait_for_timeout(800)
    assert page.evaluate("window.moved") < 0.02


@pytest.mark.parametrize("name", PAGES)
def test_everything_is_reached_by_keyboard(name: str, watched: Watched, recorded: Recorded) -> None:
    page = watched.go(path(name, recorded))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    unreachable = page.evaluate(UNREACHABLE)
    assert unreachable == []


def test_a_locked_page(browser: Browser, served: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(served.url + "/live")
    assert answer is not None
    assert answer.status == 401
    expect(page.get_by_role("heading")).to_have_text("This dashboard is locked")
    page.screenshot(path=SHOTS / "locked.png")
    context.close()
