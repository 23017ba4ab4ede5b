"""A session in a browser, checked against what the scripted provider said."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser.conftest import PROMPT, Recorded, Watched
from tests.harness.client import MODEL
from tests.upstream import always, redacted_thinking, say, text

pytestmark = pytest.mark.slow


def test_the_conversation_reads_as_it_was(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    expect(page.locator("h1")).to_have_text(PROMPT)
    conversation = page.locator("#conversation")
    expect(conversation.locator(".from-user.is-text").first).to_have_text(PROMPT)
    expect(conversation.locator("details.thinking").first).to_contain_text(
        "The user wants a **greeting** fixed."
    )
    assert not conversation.locator("details.thinking").first.get_attribute("open")
    expect(conversation.locator(".md pre.code .s1, .md pre.code .nb").first).to_be_visible()
    expect(conversation.locator(".md td").first).to_have_text("1")
    reminders = conversation.locator("details.reminder").first
    expect(reminders).to_contain_text("system-reminder")
    assert reminders.get_attribute("open") is None
    expect(conversation.get_by_role("link", name="the docs")).to_have_attribute(
        "href", "https://example.com/docs"
    )


def test_tools_are_shown_for_what_they_are(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.mouse.wheel(0, 9000)
    expect(page.locator("article.turn", has_text="Done: the greeting")).to_be_visible()
    edit = page.locator("details.tool", has_text="Edit").filter(has=page.locator(".diff")).first
    expect(edit.locator("tr.del")).to_contain_text("print('helo')")
    expect(edit.locator("tr.add")).to_contain_text("print('hello')")
    expect(edit.locator("tr.add ins")).to_have_text("l")
    picture = page.locator("figure.media img").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('figure.media img').naturalWidth === 40")
    failed = page.locator("details.tool.failed").first
    expect(failed.locator(".result.bad")).to_contain_text("err")
    far = page.locator("details.tool", has_text="Count far").first
    expect(far).to_contain_text("Show all")
    assert "\n399\n" not in far.inner_text()
    far.get_by_role("button", name=re.compile("Show all")).click()
    expect(far.locator("pre.full")).to_contain_text("399")
    written = page.locator("details.tool", has_text="new.txt").first
    expect(written.locator("tr.add")).to_have_text([re.compile("first line"), re.compile("second line")])


def test_a_subagents_conversation_is_inside_its_call(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.mouse.wheel(0, 9000)
    call = page.locator("details.tool.spawn").first
    call.locator("details.child > summary").first.click()
    expect(call.locator(".child-body").first).to_contain_text("outer starts")
    inner = call.locator("details.tool.spawn details.child").first
    inner.locator("summary").first.click()
    expect(inner).to_contain_text("inner is done")
    assert page.locator("#conversation > article.turn", has_text="inner is done").count() <= 1


def test_an_address_that_names_nothing_is_no_error(recorded: Recorded, watched: Watched) -> None:
    for fragment in ("#%E0%A4%A", "#", "#nobody"):
        page = watched.go(f"/sessions/{recorded.session}{fragment}")
        expect(page.locator("article.turn").first).to_be_visible()
        watched.go("/live")


def test_a_permalink_opens_what_it_names(recorded: Recorded, watched: Watched) -> None:
    shown = recorded.proxy.show(recorded.session)
    inner = next(
        one
        for one in shown["exchanges"]
        if one["response"] and "inner is done" in str(one["response"]["body"].get("content"))
    )
    page = watched.go(f"/sessions/{recorded.session}?at={inner['id']}#b-{inner['id'][:16]}-0")
    target = page.locator(f"#b-{inner['id'][:16]}-0")
    expect(target).to_be_visible()
    expect(target).to_be_in_viewport()
    expect(target).to_contain_text("inner is done")


def test_every_turn_is_there_with_its_cost(recorded: Recorded, watched: Watched) -> None:
    shown = recorded.proxy.show(recorded.session)
    main = [one for one in shown["exchanges"] if one["agent"]["id"] is None]
    page = watched.go(f"/sessions/{recorded.session}")
    page.mouse.wheel(0, 9000)
    expect(page.locator("article.turn[data-exchange]")).to_have_count(
        len([one for one in main if one["request_class"] != "auxiliary"])
    )
    first = page.locator("article.turn[data-exchange]").first.locator(".meta").first
    expect(first).to_contain_text(f"${main[0]['cost_usd']:.4f}")
    expect(first).to_contain_text("2622 in")


def test_the_timeline_leads_to_a_turn(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.get_by_text("Timeline").click()
    bars = page.locator(".timeline .bar:not(.tool)")
    expect(bars.first).to_be_attached()
    assert bars.count() == len(recorded.proxy.show(recorded.session)["exchanges"])
    box = page.locator("svg[data-zoom]")
    before, end = box.get_attribute("viewBox"), page.locator(".timeline .ticks span").last
    said = end.text_content()
    page.get_by_role("button", name="Zoom in").click()
    assert box.get_attribute("viewBox") != before
    assert end.text_content() != said
    page.get_by_role("button", name="All", exact=True).click()
    expect(end).to_have_text(said or "")
    assert page.locator(".timeline a:not([tabindex='-1'])").count() == 1
    bars.first.click()
    page.wait_for_url("**at=**")


def test_a_refusal_is_shown_as_text(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.failed}")
    expect(page.locator(".problem").first).to_contain_text("that is <b>not</b> allowed")
    expect(page.locator(".turn .status.error").first).to_contain_text("error 400")


def test_a_plan_is_a_checklist(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.mouse.wheel(0, 9000)
    items = page.locator("ul.checklist").first.locator("li")
    expect(items).to_have_count(3)
    expect(items.nth(0)).to_have_class("done")
    expect(items.nth(1)).to_have_class("doing")
    expect(items.nth(1)).to_contain_text("Fix the greeting")


def test_what_nobody_knows_yet_is_json(recorded: Recorded, watched: Watched) -> None:
    blocks = [{"type": "text", "text": "look"}, {"type": "hologram", "depth": {"of": "field"}}]
    body = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": blocks}]}
    recorded.provider.play(always(say(redacted_thinking(), text("strange"))))
    recorded.proxy.post(body, **{"x-claude-code-session-id": "from-the-future"})
    recorded.proxy.settled()
    page = watched.go("/sessions/from-the-future")
    unknown = page.locator("details.unknown")
    expect(unknown).to_contain_text("hologram")
    unknown.locator("summary").click()
    expect(unknown.locator("pre")).to_contain_text('"of": "field"')
    expect(page.locator("details.thinking")).to_contain_text("encrypted by the provider")


def test_exports_are_files(recorded: Recorded, watched: Watched) -> None:
    page = watched.go(f"/sessions/{recorded.session}")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as started:
        page.get_by_role("link", name="Markdown").click()
    file = started.value
    assert file.suggested_filename == f"claude-lens-{recorded.session}.md"
    assert PROMPT in file.path().read_text()


@pytest.mark.parametrize("width", [1024, 390])
def test_every_agent_is_seen_on_a_narrow_page(recorded: Recorded, watched: Watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 844})
    page = watched.go(f"/sessions/{recorded.session}")
    rows = page.locator(".outline .agents li")
    expect(rows).to_have_count(3)
    seen = rows.evaluate_all(
        """rows => rows.map(row => {
          row.scrollIntoView({block: 'center'})
          const box = row.getBoundingClientRect()
          const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
          return row.contains(at) && row.parentElement.scrollHeight <= row.parentElement.clientHeight
        })"""
    )
    assert seen == [True] * 3
    dots = page.locator(".outline .agents .dot").evaluate_all("dots => dots.map(one => one.className)")
    assert len(set(dots)) == 3
