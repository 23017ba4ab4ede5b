"""Nothing that a stranger wrote runs, loads or breaks a page, wherever it came from."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from playwright.sync_api import Browser, Page

from claude_lens import settings as setting_table
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response, Usage
from claude_lens.settings import Settings
from claude_lens.store.rows import key_of
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.dashboard.browser.conftest import Watched
from tests.dashboard.conftest import Served
from tests.dashboard.hostile import PAYLOADS
from tests.harness import child_environment

pytestmark = pytest.mark.slow
LONG = "<b>x" * 1_250_000
SESSION = "hostile-session"
TAGS = [payload for payload in PAYLOADS if len(payload) <= tagging.LONGEST and payload.isprintable()]
LIVELY = r"""() => [...document.querySelectorAll('*')].flatMap(one => [...one.attributes]
    .filter(a => a.name.startsWith('on') || (a.name === 'style' && !one.closest('.plot > .uplot'))
        || /^\s*(javascript|vbscript|data:text)/i.test(a.value))
    .map(a => `${one.tagName} ${a.name}=${a.value.slice(0, 60)}`))"""
"""What uPlot draws is sized by styles that its script sets; no other element has one."""
LOOSE = """() => ['script', 'iframe', 'object', 'embed', 'style', 'link', 'base', 'form[action^=http]']
    .flatMap(name => [...document.querySelectorAll(`main ${name}`)].map(one => one.outerHTML.slice(0, 80)))"""


def encoded(value: Any) -> bytes:
    """JSON bytes, lone surrogates escaped."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value).encode()


def tool(number: int, payload: str) -> dict[str, Any]:
    """A call of one tool after another, with the payload in every argument."""
    inputs: list[tuple[str, dict[str, Any]]] = [
        ("Bash", {"command": payload, "description": payload, payload: payload}),
        ("Edit", {"file_path": payload, "old_string": payload, "new_string": payload + "\n" + payload}),
        ("Write", {"file_path": payload, "content": payload}),
        ("TodoWrite", {"todos": [{"content": payload, "status": payload, "activeForm": payload}]}),
        (
            "AskUserQuestion",
            {"questions": [{"question": payload, "header": payload, "options": [{"label": payload}]}]},
        ),
        ("WebFetch", {"url": payload, "prompt": payload}),
        ("WebFetch", {"url": "https://example.com/" + payload, "prompt": payload}),
        ("Agent", {"description": payload, "prompt": payload, "subagent_type": payload}),
        ("mcp__" + payload + "__" + payload, {payload: payload}),
        (payload, {"x": [payload, {payload: payload}]}),
    ]
    name, given = inputs[number % len(inputs)]
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}


def streamed(payload: str) -> bytes:
    """A stream with the payload wherever an upstream could put it."""
    raw = payload.encode("utf-8", "surrogatepass")
    delta = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": payload[:9_000]}}
    events = [
        b"event: " + raw,
        b"data: " + encoded(delta),
        b": \xff\x00 " + raw[:9_000],
        b"data: " + raw[:9_000],
    ]
    return b"\n\n".join(events)


def exchange(number: int, payload: str, before: list[Any], **more: Any) -> Exchange:
    """An exchange with the payload wherever a stranger, a project or a client could put it."""
    answer = [
        {"type": "text", "text": payload},
        {"type": "thinking", "thinking": payload, "signature": payload},
        {"type": payload, "data": payload},
        {"type": "image", "source": {"type": "base64", "media_type": payload, "data": payload}},
        {"type": "image", "source": {"type": "url", "url": payload}},
        tool(number, payload),
    ]
    body = {
        "model": payload,
        "system": [{"type": "text", "text": payload}],
        "tools": [{"name": payload, "description": payload, "input_schema": {payload: payload}}],
        "messages": before,
        payload: payload,
    }
    message = {
        "id": payload,
        "type": "message",
        "role": "assistant",
        "content": answer,
        "stop_reason": payload,
    }
    return Exchange(
        **{
            "id": f"{number:032x}",
            "worker": payload,
            "status": "ok" if number % 3 else "error",
            "http_status": 200,
            "error": payload,
            "lane_reason": payload,
            "identity": Identity(
                session_id=SESSION,
                prompt_id=payload,
                request_class=payload,
                project=payload,
                branch=payload,
                client=payload,
                agent=Agent(),
            ),
            "model": Model(requested=payload, routed=payload + "2", provider=payload, rule=payload),
            "started_at": 1_760_000_000.0 + number,
            "ttfb_ms": 1.0,
            "ttft_ms": 2.0,
            "duration_ms": 3.0,
            "usage": Usage(input_tokens=1, output_tokens=1),
            "cost": Cost(usd=0.1),
            "stop_reason": payload,
            "request_id": payload,
            "adapted": (payload,),
            "request": Request(headers=((payload, payload),), body=encoded(body), json=body),
            "response": Response(headers=((payload, payload),), body=streamed(payload), json=message),
        }
        | more
    )


def play(sink: StoreSink) -> None:
    """One long session with all payloads, one in each of many other places."""
    messages: list[Any] = []
    for number, payload in enumerate([*PAYLOADS, LONG], 1):
        messages.append({"role": "user", "content": [{"type": "text", "text": payload}]})
        one = exchange(number, payload, list(messages))
        if payload is LONG:
            one = exchange(number, "long", list(messages))
            assert one.response is not None
            one = replace(one, response=replace(one.response, body=streamed(LONG)))
        sink.ended(one)
        answered = one.response.json["content"] if one.response and one.response.json else []
        messages.append({"role": "assistant", "content": answered})
        result = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number}",
            "content": payload,
            "is_error": number % 2,
        }
        messages.append(
            {"role": "user", "content": [result, {"type": "tool_result", "tool_use_id": payload}]}
        )
        if number % 10 == 0:
            sink.flush()
    for number, payload in enumerate(PAYLOADS, 1000):
        who = Identity(
            session_id=payload + str(uuid.uuid4()),
            project=payload,
            agent=Agent(id=payload, parent_id=payload, type=payload, name=payload, description=payload),
        )
        body = {"messages": [{"role": "user", "content": payload}]}
        sink.ended(
            exchange(number, payload, [], identity=who, request=Request(body=encoded(body), json=body))
        )
    sink.ended(exchange(5000, "\ud800", [], request=Request(body=b"\xff\xfe not json \x80")))
    sink.flush()
    tagging.change(sink.writer.url.render_as_string(), SESSION, add=TAGS)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose store holds them all."""
    home = tmp_path_factory.mktemp("hostile")
    found = setting_table.parse({"CLAUDE_LENS_HOME": str(home)})
    sink = StoreSink(found.database_url)
    play(sink)
    assert sink.waiting == 0
    sink.close()
    return found


@pytest.fixture(scope="module")
def besieged(settings: Settings) -> Iterator[Served]:
    """A dashboard over it."""
    environment = child_environment(HOME=str(settings.home), CLAUDE_LENS_HOME=str(settings.home))
    running = Served(environment, settings.home)
    yield running
    running.close()


@pytest.fixture(scope="module")
def watched(browser: Browser, besieged: Served) -> Iterator[Watched]:
    """A page in a browser that knows when something ran."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(besieged.link)
    page.wait_for_url(lambda url: "/open" not in url)
    found = Watched(page, besieged.url)
    yield found
    context.close()


def unharmed(watched: Watched, page: Page) -> None:
    """Nothing ran or loaded, and the page's own frame stands."""
    assert watched.problems == []
    assert page.evaluate("document.querySelectorAll('main').length") == 1
    assert page.locator("header.rail nav a").count() == 6
    assert page.locator("header.rail").is_visible()
    assert page.evaluate(LIVELY) == []
    assert page.evaluate(LOOSE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_there_are_more_than_a_hundred() -> None:
    assert len(PAYLOADS) >= 100


def test_a_conversation_of_them(watched: Watched) -> None:
    page = watched.go(f"/sessions/{SESSION}")
    last = -1
    while (count := page.locator("article.turn").count()) != last or page.locator(".more[hx-get]").count():
        last = count
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(250)
    assert count >= len(PAYLOADS)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.wait_for_timeout(500)
    unharmed(watched, page)
    words = page.locator("#conversation").inner_text()
    assert "{{ 7 * 7 }}" in words
    assert "<script>alert(1)</script>" in words
    assert "\u202e" not in words


@pytest.mark.parametrize(
    "path",
    [
        "/live",
        "/sessions",
        "/exchanges",
        "/numbers?range=all&by=project",
        "/numbers?range=all&by=agent",
        "/system",
    ],
)
def test_lists_of_them(watched: Watched, path: str) -> None:
    page = watched.go(path)
    page.wait_for_timeout(400)
    unharmed(watched, page)


def test_charts_of_them(watched: Watched) -> None:
    page = watched.go("/numbers?range=all&by=agent")
    page.locator("figure.chart[aria-labelledby=c-tool-calls] canvas").wait_for()
    for one in page.locator(".u-over").all():
        one.scroll_into_view_if_needed()
        one.hover()
        assert one.locator(".tip").is_visible()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    unharmed(watched, page)
    assert page.locator(".chart script, .chart img, .tip :not(div, i, bdi, b, strong)").count() == 0


@pytest.mark.parametrize("number", range(0, len(PAYLOADS), 6))
def test_exchanges_of_them(watched: Watched, number: int) -> None:
    page = watched.go(f"/exchanges/{number + 1:032x}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.wait_for_timeout(250)
    unharmed(watched, page)


@pytest.mark.parametrize("number", [*range(0, len(PAYLOADS), 5), len(PAYLOADS)])
def test_raw_streams_of_them(watched: Watched, number: int) -> None:
    page = watched.go(f"/exchanges/{number + 1:032x}")
    page.locator("#raw-stream > summary").click()
    page.locator("#raw-stream table.stream").wait_for()
    page.wait_for_timeout(150)
    unharmed(watched, page)
    shown = page.locator("#raw-stream").inner_text()
    assert "content_block_delta" in shown
    assert "\u202e" not in shown
    answer = page.request.get(watched.url + f"/exchanges/{number + 1:032x}/stream.sse")
    payload = [*PAYLOADS, LONG][number]
    assert answer.body() == streamed(payload)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert len(page.request.get(watched.url + f"/exchanges/{number + 1:032x}/stream").body()) < 400_000


def test_tags_of_them(watched: Watched) -> None:
    assert len(TAGS) > 60
    page = watched.go(f"/sessions/{SESSION}")
    unharmed(watched, page)
    assert page.locator("#tags .tag").count() == len({key_of(tag) for tag in TAGS})
    assert "<script>alert(1)</script>" in page.locator("#tags").inner_text()


def test_names_of_sessions_and_agents(watched: Watched, settings: Settings) -> None:
    page = watched.go("/sessions")
    links: list[str] = page.eval_on_selector_all(
        "tr.row a.open", "all => all.map(one => one.getAttribute('href'))"
    )
    assert len(links) > 40
    for link in links[:50:5]:
        page = watched.go(link)
        unharmed(watched, page)


@pytest.mark.parametrize("payload", PAYLOADS[::4])
def test_as_the_words_of_a_search(watched: Watched, payload: str) -> None:
    words = quote(payload.encode("utf-8", "replace")[:1500])
    page = watched.go(f"/search?q={words}")
    unharmed(watched, page)
    page = watched.go(f"/live?text={words}&session={words}")
    unharmed(watched, page)


def test_the_long_line_does_not_make_a_long_page(watched: Watched) -> None:
    answer = watched.page.request.get(watched.url + f"/sessions/{SESSION}?at={len(PAYLOADS) + 1:032x}")
    assert answer.status == 200
    assert len(answer.body()) < 400_000


def test_what_is_shown_in_full_is_no_page_of_its_own(watched: Watched) -> None:
    page = watched.go(f"/sessions/{SESSION}?at={len(PAYLOADS) + 1:032x}")
    paths: list[str] = page.eval_on_selector_all(
        "[hx-get^='/content/']", "all => all.map(one => one.getAttribute('hx-get'))"
    )
    assert paths
    answer = page.request.get(watched.url + paths[0])
    assert answer.headers["content-type"].startswith("text/plain")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert Path(paths[0]).parts[1] == "content"
