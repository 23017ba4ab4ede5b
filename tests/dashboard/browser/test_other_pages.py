"""Sessions, exchanges, numbers, search and system in a browser, over what the real client did."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.dashboard.browser.conftest import PROMPT, Recorded, Watched
from tests.dashboard.conftest import Served

pytestmark = pytest.mark.slow


def test_sessions_lead_to_a_session(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/sessions")
    page.get_by_label("Filter by title, project, branch or what was said").fill("greeting")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=greeting**")
    rows = page.locator("tr.row")
    expect(rows).to_have_count(1)
    shown = recorded.proxy.show(recorded.session)["session"]
    expect(rows).to_contain_text(f"${shown['cost_usd']:.4f}")
    page.get_by_role("link", name=PROMPT).click()
    page.wait_for_url(f"**/sessions/{recorded.session}")
    page.go_back()
    expect(page.get_by_label("Filter by title, project, branch or what was said")).to_have_value("greeting")


def test_sessions_are_found_by_what_was_said(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/sessions?order=cost")
    page.get_by_label("Filter by title, project, branch or what was said").fill("inner done")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=inner**")
    assert "order=cost" in page.url
    place = page.locator("a.said-here")
    expect(place.locator("mark").first).to_have_text("inner")
    place.click()
    page.wait_for_url("**at=**")
    expect(page.locator(".turn.target")).to_be_in_viewport()


def test_an_exchange_shows_what_the_provider_got(
    recorded: Recorded, watched: Watched, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    one = recorded.proxy.show(recorded.session)["exchanges"][1]
    page = watched.go(f"/exchanges/{one['id']}")
    page.locator("details[data-json$='request.json'] > summary").click()
    tree = page.locator("details[data-json$='request.json'] .json")
    expect(tree).to_contain_text("messages")
    tree.locator("summary", has_text="tools").first.click()
    expect(tree).to_contain_text("Bash")
    page.locator("details[data-json$='request.json']").get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == one["request"]["body"]
    page.get_by_role("button", name="Copy as curl").click()
    page.wait_for_timeout(300)
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")
    page.get_by_text("What differs from an exchange before").click()
    expect(page.locator(".fold .added").first).to_be_visible()
    page.get_by_text("What fills the context").click()
    expect(page.locator("svg.treemap")).to_be_visible()
    page.get_by_text("How the cache was read").click()
    expect(page.locator(".fold .status").first).to_be_visible()
    expect(page.locator("table.heads").first).not_to_contain_text(recorded.proxy.key)


def test_numbers_lead_to_the_exchanges_behind(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/numbers?range=all")
    total = sum(one["cost_usd"] or 0 for one in recorded.proxy.show(recorded.session)["exchanges"])
    page.get_by_label("Group by").select_option("session")
    page.wait_for_url("**by=session**")
    expect(page.locator("table.sums").first.locator("tr", has_text=recorded.session)).to_contain_text(
        f"${total:.4f}"
    )
    page.locator(".chart summary").first.click()
    page.locator(".chart td a, .chart tbody th a").first.click()
    page.wait_for_url("**/exchanges**")
    assert page.locator("tr.row").count() > 0


def test_search_finds_words_in_tools_and_answers(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/live")
    page.keyboard.press("/")
    page.keyboard.type('"inner is done"')
    page.keyboard.press("Enter")
    page.wait_for_url("**/search**")
    expect(page.locator(".found").first.locator("mark").first).to_have_text("inner")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/**")
    expect(page.locator(".turn.target")).to_be_in_viewport()
    expect(page.locator(".child[open]").first).to_be_visible()


def test_finding_in_a_session(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.wait_for_timeout(300)
    page.keyboard.press("f")
    expect(page.locator("#find-here")).to_be_focused()
    page.keyboard.type("greeting")
    expect(page.locator("#found .found").first).to_be_visible()
    page.locator("#found a").first.click()
    page.wait_for_url("**at=**")


def test_the_system_page_knows_the_proxy(recorded: Recorded, watched: Watched) -> None:
    page = watched.go("/system")
    expect(page.locator("main")).to_contain_text("healthy")
    expect(page.locator("main")).to_contain_text(recorded.proxy.url)
    expect(page.locator("main")).to_contain_text("transparent")
    expect(page.locator("main")).not_to_contain_text(recorded.proxy.key)


def test_a_session_is_deleted_after_asking(recorded: Recorded, watched: Watched) -> None:
    recorded.proxy.post(
        {
            "model": "claude-sonnet-4-5",
            "max_tokens": 5,
            "messages": [{"role": "user", "content": "forget me"}],
        },
        **{"x-claude-code-session-id": "to-be-deleted"},
    )
    recorded.proxy.settled()
    page = watched.go("/sessions/to-be-deleted")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url("**/sessions")
    expect(page.locator("main")).not_to_contain_text("forget me")


def test_a_session_grows_while_one_looks(recorded: Recorded, watched: Watched, served: Served) -> None:
    def send(*prompts: str) -> None:
        messages = []
        for number, prompt in enumerate(prompts):
            if number:
                messages.append({"role": "assistant", "content": "I see."})
            messages.append({"role": "user", "content": prompt})
        recorded.proxy.post(
            {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": messages},
            **{"x-claude-code-session-id": "growing"},
        )
        recorded.proxy.settled()

    send("the first word")
    page = watched.go("/sessions/growing")
    expect(page.locator("article.turn")).to_have_count(1)
    page.wait_for_timeout(500)
    send("the first word", "the second word")
    expect(page.locator("article.turn")).to_have_count(2)
    expect(page.locator("#conversation")).to_contain_text("the second word")
    send("the first word", "the second word", "the third word")
    expect(page.locator("article.turn")).to_have_count(3)
    ids: list[str] = page.eval_on_selector_all("article.turn", "all => all.map(one => one.id)")
    assert len(set(ids)) == 3
