"""Today in a browser: what goes on appears, changes and leaves by itself; at every width, light and dark."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.dashboard.browser.conftest import SHOTS, Recorded, Watched
from tests.dashboard.browser.test_every_page import AXE, RULES, opened
from tests.dashboard.conftest import Served
from tests.harness import Claude, finish
from tests.upstream import held, in_order, say, text, tool_use

pytestmark = pytest.mark.slow


def test_what_goes_on_appears_and_leaves(watched: Watched, recorded: Recorded, tmp_path: Path) -> None:
    first, go = threading.Event(), tmp_path / "go"
    wait = {"command": f"until [ -e '{go}' ]; do sleep 0.05; done", "description": "Wait"}
    recorded.provider.play(
        in_order(held(say(text("look"), tool_use("Bash", wait)), first), say(text("all done")))
    )
    page = watched.go("/")
    expect(page.locator("#now")).to_contain_text("At work")
    child = Claude(tmp_path / "client", recorded.provider.url, recorded.proxy).start("a task for today")
    row = page.locator("#now li.found", has_text="a task for today")
    expect(row).to_contain_text("waiting for first token", timeout=30_000)
    link = row.get_by_role("link", name="a task for today")
    link.focus()
    first.set()
    expect(row).to_contain_text("running Bash")
    expect(row).to_contain_text("until [ -e")
    expect(link).to_be_focused()
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "today-at-work.png")
    link.click()
    expect(page.locator("#state")).to_contain_text("running Bash")
    expect(page.locator("dl.facts")).to_contain_text("Running")
    go.touch()
    expect(page.locator("#state")).to_contain_text("done")
    assert finish(child).code == 0
    expect(page.locator("#happened")).to_contain_text("tools")
    page = watched.go("/")
    expect(page.locator(".later")).to_contain_text("a task for today")
    expect(page.locator("#now li.found", has_text="a task for today")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["today", "session"])
def test_the_width_in_between(
    name: str, scheme: Any, browser: Browser, visitor: Any, served: Served, recorded: Recorded
) -> None:
    context = browser.new_context(
        storage_state=visitor,
        viewport={"width": 1024, "height": 800},
        color_scheme=scheme,
        bypass_csp=True,
    )
    try:
        watched = Watched(context.new_page(), served.url)
        page = watched.go("/" if name == "today" else f"/sessions/{recorded.session}")
        page.wait_for_timeout(800)
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-1024-{scheme}.png")
        opened(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024
        page.add_script_tag(path=AXE)
        found = page.evaluate(f"axe.run(document, {RULES})")
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
        assert watched.problems == []
    finally:
        context.close()
