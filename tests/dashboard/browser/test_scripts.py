"""Texts in many scripts and names of many kinds are found in the search page, also while they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import Served
from tests.harness.processes import child_environment
from tests.store.conftest import maker
from tests.store.reading import scripts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def page(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """A page of a dashboard over a store with all cases."""
    home: Path = tmp_path_factory.mktemp("spoken")
    url = f"sqlite:///{home}/lens.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
    sink = StoreSink(url)
    scripts.store(sink, maker())
    sink.close()
    told = {"HOME": str(home), "CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_DATABASE_URL": url}
    running = Served(child_environment(**told), home)
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(running.link)
    opened.wait_for_url(lambda url: "/open" not in url)
    yield opened
    context.close()
    running.close()


def found(page: Page) -> list[str]:
    """The sessions of the hits that are shown."""
    links = page.locator("li.found a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [link.removeprefix("/sessions/").partition("?")[0] for link in links]


def test_every_case(page: Page) -> None:
    base = page.url.removesuffix("/")
    wrong = []
    for name, case in scripts.CASES.items():
        page.goto(f"{base}/search?q={quote(case.finds[0] + ' ')}")
        place = page.locator("li.found", has=page.locator(f'a[href^="/sessions/{quote(name)}?"]'))
        marked = place.locator("mark").first.text_content() if place.count() else ""
        if not marked or not case.marked.startswith(marked):
            wrong.append((case.finds[0], marked))
        page.goto(f"{base}/search?q={quote(case.misses[0] + ' ')}")
        wrong += [(case.misses[0], "found")] if quote(name) in found(page) else []
    assert wrong == []


def test_while_it_is_typed(page: Page) -> None:
    base = "/".join(page.url.split("/")[:3])
    page.goto(f"{base}/search")
    field = page.get_by_label("Search everything")
    field.press_sequentially("dangerously-sk")
    expect(page.locator("li.found")).to_have_count(1)
    expect(page.locator("li.found mark").last).to_have_text("skip")
    assert page.url.endswith("/search?q=dangerously-sk")
    field.fill("语接")
    expect(page.locator("li.found mark").first).to_have_text("语接")
    field.fill("fooBarBazQ")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(field).to_be_focused()
    field.fill('"open')
    expect(page.locator(".problem")).to_contain_text("quotation mark")
