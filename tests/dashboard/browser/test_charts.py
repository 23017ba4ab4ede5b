"""Charts in a browser: drawn from their tables, pointed at, zoomed, clicked, in the colours of the system."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.browser.conftest import Recorded, Watched

pytestmark = pytest.mark.slow
COLOURS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true})
  copy.drawImage(canvas, 0, 0)
  const data = copy.getImageData(0, 0, canvas.width, canvas.height).data
  const found = new Set()
  for (let at = 0; at < data.length; at += 4) found.add(data.slice(at, at + 3).join())
  return [...found]
}"""
LIGHT, DARK = "0,114,178", "86,180,233"
"""The first colour of a series, in either scheme."""


def chart(page: Page, key: str) -> Locator:
    """A drawn chart."""
    found = page.locator(f"figure.chart[aria-labelledby=c-{key}]")
    expect(found.locator("canvas")).to_be_visible()
    return found


def last_bar(page: Page, one: Locator) -> tuple[float, float]:
    """A place inside the newest bar, near its foot."""
    box = one.locator(".u-over").bounding_box()
    count = one.locator("tbody tr").count()
    assert box is not None
    return box["x"] + box["width"] * (count - 0.5) / count, box["y"] + box["height"] - 4


def test_a_bar_is_pointed_at_and_leads_to_its_exchanges(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=24h&by=agent")
    cost = chart(page, "cost")
    page.mouse.move(*last_bar(page, cost))
    told = cost.locator(".tip")
    expect(told).to_be_visible()
    row = cost.locator("tbody tr").last
    expect(told.locator("strong")).to_have_text(row.locator("th").text_content() or "")
    expect(told.locator("b").last).to_have_text(row.locator("td[data-v]").first.text_content() or "")
    target = row.locator("td a").first.get_attribute("href")
    page.mouse.click(*last_bar(page, cost))
    page.wait_for_url("**/exchanges?**")
    assert page.url.endswith(target or "nowhere")
    assert page.locator("tr.row").count() > 0
    page.go_back()
    expect(page.get_by_label("Group by")).to_have_value("agent")
    chart(page, "cost")


def test_dragging_zooms_and_a_button_shows_all(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=24h")
    cost = chart(page, "requests")
    everything = cost.get_by_role("button", name="Show all")
    expect(everything).to_be_hidden()
    box = cost.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.98, box["y"] + 40, steps=5)
    page.mouse.up()
    expect(everything).to_be_visible()
    assert "/numbers" in page.url
    everything.click()
    expect(everything).to_be_hidden()


def test_colours_follow_the_system_and_the_size_the_window(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=24h")
    canvas = chart(page, "requests").locator("canvas")
    assert LIGHT in canvas.evaluate(COLOURS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    painted = canvas.evaluate(COLOURS)
    assert DARK in painted
    assert LIGHT not in painted
    wide = canvas.bounding_box()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    narrow = canvas.bounding_box()
    assert wide is not None
    assert narrow is not None
    assert narrow["width"] < 390
    assert narrow["height"] == wide["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_number_is_in_a_table_for_the_keyboard(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=24h&by=model")
    cost = chart(page, "cost")
    expect(cost.get_by_role("img")).to_have_accessible_name("Cost, an hour; the table below has the numbers")
    cost.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(cost.locator("details")).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.href")
    assert "/exchanges?" in focused
    page.keyboard.press("Enter")
    page.wait_for_url("**/exchanges?**")


def test_speeds_and_tools_have_distributions(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=24h")
    speed = page.locator(".chart:has(#c-ttft)")
    expect(speed.locator(".strips")).to_contain_text("half within")
    half, most = (speed.locator(f".to{part}").first.bounding_box() for part in (50, 95))
    assert half is not None
    assert most is not None
    assert 0 < half["width"] <= most["width"]
    chart(page, "tool-calls")
    expect(page.locator(".chart:has(#c-tool-times) .strips")).to_contain_text("Bash")
    failed = chart(page, "tool-errors")
    failed.locator("summary").click()
    failed.get_by_role("link", name="1", exact=True).first.click()
    page.wait_for_url("**tool=Bash**")
