"""The outline's list of turns, requests compared, tools unfolded, texts copied."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.dashboard.browser.conftest import Recorded, Watched

pytestmark = pytest.mark.slow


def main_line(recorded: Recorded) -> list[dict[str, Any]]:
    """The exchanges of the main agent, in order."""
    found = recorded.proxy.show(recorded.session)["exchanges"]
    return [one for one in found if one["agent"]["id"] is None]


def test_turns_are_listed_narrowed_and_gone_to(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    turns = page.locator("#steps")
    turns.locator("summary").click()
    rows = turns.locator(".steps li")
    expect(rows.first).to_contain_text("Read")
    expect(turns.locator(".steps .begins")).to_have_count(2)
    all_of_them = rows.count()
    only = turns.get_by_role("button", name=re.compile("^failed"))
    only.click()
    expect(only).to_have_attribute("aria-pressed", "true")
    expect(rows.filter(visible=True)).to_have_count(2)
    expect(rows.filter(visible=True).last).to_contain_text("Bash")
    turns.get_by_role("button", name=re.compile("^Write")).click()
    expect(only).to_have_attribute("aria-pressed", "false")
    expect(rows.filter(visible=True)).to_have_count(1)
    turns.get_by_role("button", name=re.compile("^Write")).click()
    expect(rows.filter(visible=True)).to_have_count(all_of_them)

    # What is on the page already is gone to without a page of its own.
    page.evaluate("window.same = true")
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 9000)
    expect(page.locator("article.turn", has_text="Done: the greeting")).to_be_visible()
    rows.filter(has_text="Edit").locator("a").click()
    expect(page.locator("article.turn.target")).to_contain_text("hello.py")
    expect(page.locator("article.turn.target")).to_be_in_viewport()
    assert page.evaluate("window.same") is True
    gone = page.url
    assert "?at=" in gone
    page.reload()
    expect(page.locator("article.turn.target")).to_contain_text("hello.py")


def test_a_request_is_compared_with_one_that_is_chosen(recorded: Recorded, watched: Watched) -> None:
    line = main_line(recorded)
    page = watched.go(f"/exchanges/{line[3]['id']}")
    changes = page.locator("#changes")
    changes.locator("> summary").click()
    expect(changes.locator(".fact", has_text="Messages")).to_contain_text("2 new, 5 as before")
    expect(changes.locator(".fact", has_text="System")).to_contain_text("as before")
    expect(changes.locator(".added")).to_have_count(2)
    expect(changes.locator(".added").last).to_contain_text("Error")
    changes.get_by_label("Compared with").select_option(line[0]["id"])
    expect(changes.locator(".fact", has_text="Messages")).to_contain_text("6 new, 1 as before")
    expect(changes.locator(".added .diff tr.add")).to_contain_text("print('hello')")
    picture = changes.locator("figure.media img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#changes figure.media img').naturalWidth === 40")
    expect(changes.get_by_role("link", name="open it")).to_have_attribute(
        "href", f"/exchanges/{line[0]['id']}"
    )


def test_a_tool_unfolds_to_what_it_takes(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/exchanges/{main_line(recorded)[0]['id']}")
    page.locator("#tools > summary").click()
    bash = page.locator(".tool-spec").filter(has=page.locator("summary code", has_text=re.compile("^Bash$")))
    expect(bash.locator(".takes")).to_be_hidden()
    bash.locator("summary").click()
    command = bash.locator(".takes tr", has_text="command").first
    expect(command).to_contain_text("required")
    expect(command).to_contain_text("string")


def copied(page: Page, context: BrowserContext) -> str:
    """What the clipboard holds after the page said that it copied."""
    expect(page.locator("#said")).to_have_text("Copied")
    text: str = page.evaluate("navigator.clipboard.readText()")
    page.evaluate("document.querySelector('#said').textContent = ''")
    return text


def test_texts_and_outputs_are_copied_whole(
    recorded: Recorded, watched: Watched, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.go(f"/sessions/{recorded.session}")
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 9000)
    far = page.locator("details.tool", has_text="Count far").first
    result = far.locator(".result .copyable")
    result.hover()
    result.get_by_role("button", name="Copy").click()
    assert copied(page, context).split()[:400] == [str(number) for number in range(1, 401)]
    said = page.locator(".text", has_text="I will read it first.")
    said.hover()
    said.get_by_role("button", name="Copy").click()
    assert copied(page, context).startswith("I will read it first.\n\n```python\nprint('helo')\n```")
