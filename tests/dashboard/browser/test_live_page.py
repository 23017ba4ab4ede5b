"""The live page in a browser, while a real proxy works."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.browser.conftest import Recorded, Watched
from tests.dashboard.conftest import Served
from tests.harness.client import MODEL
from tests.upstream import Tokens, always, held, say, text

pytestmark = pytest.mark.slow
SEEN_WITHIN = 5.0
LONGEST = """() => {
  window.longest = 0
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration)
  }).observe({type: 'longtask'})
}"""
SOURCES = """window.sources = []
const Real = EventSource
window.EventSource = class extends Real {
  constructor(...given) { super(...given); window.sources.push(this) }
}"""


def send(recorded: Recorded, session: str, prompt: str, **headers: str) -> httpx.Response:
    """One request as the client would send it."""
    body = {
        "model": MODEL,
        "max_tokens": 64,
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
    }
    return recorded.proxy.post(body, **{"x-claude-code-session-id": session, **headers})


def at_ease(page: Page) -> None:
    """Wait until the list is connected."""
    expect(page.locator("#link-state")).to_have_class("pulse on")
    time.sleep(0.3)


@pytest.mark.parametrize("width", [861, 1000, 1001, 1100, 1101, 1181, 1261, 1280, 1366, 1401, 1440, 1920])
def test_a_session_is_named_beside_all_else(width: int, watched: Watched) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.go("/live")
    at_ease(page)
    cells = page.locator("#rows tr").first.locator("td")
    shown = {cell.get_attribute("class"): cell.bounding_box() for cell in cells.all() if cell.is_visible()}
    room = {str(name).split()[0]: box["width"] for name, box in shown.items() if box}
    assert room["c-session"] >= 70, room
    assert room["c-agent"] >= 70, room
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_row_appears_while_it_runs_and_is_completed(recorded: Recorded, watched: Watched) -> None:
    release, session = threading.Event(), str(uuid.uuid4())
    recorded.provider.play(always(held(say(text("so"), tokens=Tokens(100, 20, 300)), release)))
    page = watched.go("/live")
    at_ease(page)
    row = page.locator("#rows tr", has_text="what a wonder")
    expect(row).to_have_count(0)
    thread = threading.Thread(target=send, args=[recorded, session, "what a wonder"])
    started = time.monotonic()
    thread.start()
    row.wait_for(state="visible")
    took = time.monotonic() - started
    expect(row.locator(".status")).to_have_text("running")
    first = row.locator(".timer").inner_text()
    page.wait_for_timeout(400)
    assert row.locator(".timer").inner_text() != first
    release.set()
    expect(row.locator(".status")).to_have_text("ok")
    thread.join()
    expect(row.locator(".c-tokens")).to_contain_text("400 in 20 out")
    expect(row.locator(".c-tokens svg")).to_have_attribute("aria-label", "75 % from cache")
    expect(row.locator(".c-model")).to_contain_text("sonnet-4-5")
    expect(row.locator(".c-lane")).to_have_text("transparent")
    expect(row).to_have_count(1)
    assert took < SEEN_WITHIN, f"seen after {took:.2f} s"


def pelt(recorded: Recorded, session: str, count: int, each: float) -> list[int]:
    """So many requests, one every so many seconds, several at a time; the numbers of those that failed."""
    started = time.monotonic()

    def one(number: int) -> int:
        time.sleep(max(0.0, started + number * each - time.monotonic()))
        messages = [{"role": "user", "content": f"n{number}"}]
        headers = {"x-api-key": recorded.proxy.key, "x-claude-code-session-id": session}
        body = {"model": MODEL, "max_tokens": 9, "messages": messages}
        return http.post("/v1/messages", json=body, headers=headers).status_code

    with httpx.Client(base_url=recorded.proxy.url, timeout=30) as http, ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(one, range(count)))
    return [number for number, code in enumerate(codes) if code != 200]


def test_fifty_a_second_each_once_whole_and_in_order(recorded: Recorded, watched: Watched) -> None:
    recorded.provider.play(always(say(text("quick"))))
    session, count = str(uuid.uuid4()), 250
    watched.page.add_init_script(SOURCES)
    page = watched.go(f"/live?session={session}")
    at_ease(page)
    page.evaluate(LONGEST)
    failed: list[int] = []
    working = threading.Thread(target=lambda: failed.extend(pelt(recorded, session, count, 0.02)))
    working.start()
    page.wait_for_timeout(1000)
    # The keyboard still does what it should.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible(timeout=1000)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#rows tr.at a").first).to_be_focused()
    # The connection breaks in the middle, and comes back.
    page.evaluate("for (const one of window.sources) { one.close(); one.onerror() }")
    page.wait_for_timeout(1500)
    working.join()
    assert failed == []
    expect(page.locator("#link-state")).to_have_class("pulse on")
    expect(page.locator("#rows tr.ok")).to_have_count(count)
    keys: list[str] = page.eval_on_selector_all("#rows tr", "rows => rows.map(row => row.dataset.key)")
    assert len(keys) == count
    assert keys == sorted(set(keys), key=int, reverse=True)
    assert page.evaluate("window.longest") < 300, "milliseconds that the page did nothing else"


def test_only_the_newest_stay_and_the_rest_is_a_click_away(recorded: Recorded, watched: Watched) -> None:
    recorded.provider.play(always(say(text("quick"))))
    session, count = str(uuid.uuid4()), 320
    page = watched.go(f"/live?session={session}")
    at_ease(page)
    assert pelt(recorded, session, count, 0.005) == []
    expect(page.locator("#rows tr.ok")).to_have_count(300)
    page.get_by_role("link", name="All exchanges").click()
    page.wait_for_url(f"**/exchanges?session={session}")


def test_it_connects_again_by_itself(recorded: Recorded, browser: Any, visitor: Any) -> None:
    recorded.provider.play(always(say(text("again"))))
    session = str(uuid.uuid4())
    running = Served(recorded.proxy.environment, recorded.proxy.home)
    context = browser.new_context()
    page = context.new_page()
    try:
        page.goto(running.link)
        page.wait_for_url(lambda url: "/open" not in url)
        page.goto(f"{running.url}/live?session={session}")
        at_ease(page)
        send(recorded, session, "before the fall")
        expect(page.locator("#rows tr.ok")).to_have_count(1)
        port = running.port
        running.close()
        expect(page.locator("#link-state")).to_have_class("pulse off")
        send(recorded, session, "meanwhile")
        running = Served(recorded.proxy.environment, recorded.proxy.home, port)
        expect(page.locator("#link-state")).to_have_class("pulse on", timeout=15_000)
        expect(page.locator("#rows tr.ok")).to_have_count(2)
        send(recorded, session, "afterwards")
        expect(page.locator("#rows tr.ok")).to_have_count(3)
    finally:
        context.close()
        running.close()


def test_pause_filter_and_follow(recorded: Recorded, watched: Watched) -> None:
    recorded.provider.play(always(say(text("fine"))))
    session = str(uuid.uuid4())
    send(recorded, session, "a first for pausing")
    recorded.proxy.settled()
    page = watched.go("/live?text=pausing")
    at_ease(page)
    expect(page.locator("#rows tr")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    send(recorded, session, "a second")
    expect(page.locator("#link-state")).to_contain_text("paused, 1 new")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_label("Status").select_option("error")
    page.wait_for_url("**status=error**")
    expect(page.locator("#rows tr")).to_have_count(0)
    expect(page.locator("#none")).to_contain_text("Nothing matches")
    page.go_back()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.reload()
    expect(page.get_by_label("Filter by name")).to_have_value("pausing")


def test_the_keyboard_reaches_everything(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/live")
    at_ease(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#rows tr").nth(1)).to_have_class("row ok at")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/exchanges/**")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/sessions")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).not_to_be_visible()


def test_times_are_the_readers(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/live")
    at_ease(page)
    cell = page.locator("#rows time").first
    told, hover = cell.get_attribute("datetime") or "", cell.get_attribute("title") or ""
    assert hover.endswith("UTC")
    # Vienna is not UTC at any time of the year.
    assert told[11:19] in hover
    assert cell.inner_text() != told[11:19]
