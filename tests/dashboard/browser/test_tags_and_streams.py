"""Tags put on and taken off, and an answer's raw stream, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from claude_lens.dashboard.views.stream import SHOWN
from tests.dashboard.browser.conftest import Recorded, Watched
from tests.dashboard.conftest import Served
from tests.harness.client import MODEL
from tests.upstream import always, say, text

pytestmark = pytest.mark.slow


def record(recorded: Recorded, session: str, words: str, answer: str, pieces: int = 3) -> str:
    """One request in a session of its own; its exchange's id."""
    recorded.provider.play(always(say(text(answer, pieces))))
    body = {"model": MODEL, "max_tokens": 5, "stream": True, "messages": [{"role": "user", "content": words}]}
    recorded.proxy.post(body, **{"x-claude-code-session-id": session})
    recorded.proxy.settled()
    found: str = recorded.proxy.show(session)["exchanges"][-1]["id"]
    return found


def test_tags_are_added_and_removed(recorded: Recorded, watched: Watched) -> None:
    record(recorded, "to-be-tagged", "tag me", "fine")
    page = watched.go("/sessions/to-be-tagged")
    tags = page.locator("#tags")
    field = page.get_by_label("Add a tag")
    for tag in ("to do", "<b>Bug</b>"):
        field.fill(tag)
        field.press("Enter")
        expect(tags.locator(".tag", has_text=tag)).to_be_visible()
        expect(field).to_have_value("")
    expect(tags.locator(".tag bdi")).to_have_text(["<b>Bug</b>", "to do"])
    field.fill("TO DO")
    field.press("Enter")
    expect(field).to_have_value("")
    expect(tags.locator(".tag")).to_have_count(2)

    page = watched.go("/sessions/to-be-tagged")
    page.get_by_role("button", name="Remove the tag <b>Bug</b>").click()
    expect(tags.locator(".tag bdi")).to_have_text(["to do"])
    assert recorded.proxy.show("to-be-tagged")["session"]["tags"] == ["to do"]
    field.fill("   ")
    field.press("Enter")
    expect(tags.get_by_role("alert")).to_have_text("a tag needs at least one character")


def test_a_form_works_from_the_moment_it_is_there(recorded: Recorded, watched: Watched) -> None:
    record(recorded, "tagged-at-once", "tag me at once", "fine")
    page = watched.go("/sessions/tagged-at-once")
    # The second tag is sent in the very task that puts the new form into the page.
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
            if (!document.querySelector("#tags .tag")) return;
            observer.disconnect();
            const form = document.querySelector("#tags form");
            form.elements.tag.value = "second";
            form.requestSubmit();
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    page.get_by_label("Add a tag").fill("first")
    page.get_by_label("Add a tag").press("Enter")
    expect(page.locator("#tags .tag bdi")).to_have_text(["first", "second"])
    assert page.url.endswith("/sessions/tagged-at-once")


def test_sessions_are_found_by_tag(recorded: Recorded, watched: Watched) -> None:
    for name in ("one", "two", "three"):
        record(recorded, f"listed-{name}", f"listed {name}", "fine")
    recorded.proxy.lensctl("tag", "listed-one", "Shown")
    recorded.proxy.lensctl("tag", "listed-two", "shown")
    page = watched.go("/sessions")
    page.get_by_role("link", name="Shown").first.click()
    page.wait_for_url("**tag=**")
    rows = page.locator("tr.row")
    expect(rows).to_have_count(2)
    expect(rows.locator("a.open")).to_have_text(["listed two", "listed one"])
    page.locator("select[name=tag]").select_option("")
    expect(rows.filter(has_text="listed three")).to_be_visible()
    page.locator("select[name=tag]").select_option(label="Shown")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="listed three")).to_have_count(0)


def test_no_other_page_may_tag(recorded: Recorded, watched: Watched, served: Served) -> None:
    record(recorded, "not-to-be-tagged", "leave me", "fine")
    page = watched.go("/sessions/not-to-be-tagged")
    address = f"{served.url}/sessions/not-to-be-tagged/tags"
    for headers in ({}, {"x-lens-token": "wrong"}, {"origin": "https://evil.example"}):
        for answer in (
            page.request.post(address, form={"tag": "x"}, headers=headers),
            page.request.delete(f"{address}?tag=x", headers=headers),
        ):
            assert answer.status == 403
    assert recorded.proxy.show("not-to-be-tagged")["session"]["tags"] == []


def test_the_raw_stream_is_loaded_when_it_is_opened(
    recorded: Recorded, watched: Watched, tmp_path: Path
) -> None:
    one = record(recorded, "streamed", "stream", "one two three " * 300, 120)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    page = watched.go(f"/exchanges/{one}")
    page.wait_for_timeout(200)
    assert not [url for url in asked if "/stream" in url]

    page.locator("#raw-stream > summary").click()
    rows = page.locator("#raw-stream tbody tr")
    expect(rows.first).to_contain_text("event: message_start")
    with page.expect_download() as download:
        page.locator("#raw-stream").get_by_role("link", name="Download").click()
    file = tmp_path / "stream.sse"
    download.value.save_as(file)
    assert download.value.suggested_filename == f"claude-lens-{one}.sse"
    count = file.read_bytes().count(b"\n\n")
    assert count > 2 * SHOWN
    expect(rows).to_have_count(SHOWN)
    page.get_by_role("button", name=re.compile("more of")).click()
    expect(rows).to_have_count(2 * SHOWN)
    assert file.read_bytes().startswith(b"event: message_start")


def test_why_there_is_no_stream(recorded: Recorded, watched: Watched) -> None:
    one = record(recorded, "secret", "tell", "my key is sk-ant-" + "api03-" + "aB3" * 12)
    page = watched.go(f"/exchanges/{one}")
    page.locator("#raw-stream > summary").click()
    expect(page.locator("#raw-stream")).to_contain_text("it held something that looks like a secret")
