"""A real browser before a real dashboard over what a real client did through a real proxy."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from tests.dashboard.conftest import Served
from tests.harness import ROOT, Claude, Proxy
from tests.upstream import (
    Call,
    Provider,
    Reply,
    Tokens,
    error,
    say,
    spawn,
    text,
    thinking,
    tool_use,
)

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SHOTS = ROOT / "build" / "screenshots"
PROMPT = "Fix the greeting, and look around."


def png(width: int = 40, height: int = 24) -> bytes:
    """A small red picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xcc\x33\x22" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def work(folder: Path) -> Callable[[Call], Reply]:
    """What the model does in ``folder``: thinks, plans, reads, edits, sends a helper that sends another."""
    edit = {"file_path": f"{folder}/hello.py", "old_string": "print('helo')", "new_string": "print('hello')"}
    plan = [
        {"content": "Read the file", "status": "completed", "activeForm": "Reading"},
        {"content": "Fix the greeting", "status": "in_progress", "activeForm": "Fixing"},
        {"content": "Tell the user", "status": "pending", "activeForm": "Telling"},
    ]
    helper = spawn("OUTER: see what is there", background=False)
    main = [
        say(
            thinking("The user wants a **greeting** fixed."),
            text("I will read it first.\n\n```python\nprint('helo')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
            tool_use("Read", {"file_path": f"{folder}/hello.py"}),
            tokens=Tokens(101, 57, 2003, 211, 307),
        ),
        say(tool_use("Edit", edit), tool_use("Read", {"file_path": f"{folder}/picture.png"})),
        say(
            tool_use("Bash", {"command": "echo out; echo err >&2; exit 3", "description": "Fail on purpose"})
        ),
        say(tool_use("Bash", {"command": "seq 1 400", "description": "Count far"}), helper),
        say(tool_use("Write", {"file_path": f"{folder}/new.txt", "content": "first line\nsecond line\n"})),
        say(text("Done: the greeting says **hello**. See [the docs](https://example.com/docs).")),
    ]
    if plan:
        main.insert(2, say(tool_use("TodoWrite", {"todos": plan})))
    inner = spawn("INNER: count the files", background=False)

    def script(call: Call) -> Reply:
        told = "\n".join(call.prompts)
        steps = main
        if call.agent_id is not None and "INNER" in told and "OUTER" not in told:
            steps = [
                say(tool_use("Bash", {"command": "ls | wc -l", "description": "Count"})),
                say(text("inner is done")),
            ]
        elif call.agent_id is not None:
            steps = [say(text("outer starts"), inner), say(text("outer is done"))]
        return steps[min(call.turn, len(steps) - 1)]

    return script


@dataclass(slots=True)
class Recorded:
    """A proxy, and the sessions that were played through it. ``received``: what the provider got."""

    proxy: Proxy
    provider: Provider
    folder: Path
    session: str = ""
    failed: str = ""
    received: list[Any] = field(default_factory=list)


@pytest.fixture(scope="package")
def recorded(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """The real client worked through a real proxy; an upstream's refusal is there too."""
    folder = tmp_path_factory.mktemp("dashboard")
    with Proxy(folder / "home", provider.url) as proxy:
        found = Recorded(proxy, provider, folder)
        claude = Claude(folder / "client", provider.url, proxy)
        (claude.cwd / "hello.py").write_text("print('helo')\n")
        (claude.cwd / "picture.png").write_bytes(png())
        provider.play(work(claude.cwd))
        ran = claude.run(PROMPT)
        assert ran.code == 0, ran
        found.session = ran.json["session_id"]
        provider.play(lambda call: error(400, "that is <b>not</b> allowed"))
        found.failed = claude.run("This will be refused").json["session_id"]
        proxy.settled()
        yield found


@pytest.fixture(scope="package")
def served(recorded: Recorded) -> Iterator[Served]:
    """``lensctl dashboard`` of the proxy's user."""
    running = Served(recorded.proxy.environment, recorded.proxy.home)
    yield running
    running.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    if not CHROMIUM.exists():
        pytest.fail("chromium is missing: run `make setup` as root, or install the package chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def visitor(browser: Browser, served: Served) -> Any:
    """The cookies of a browser that followed the link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.link)
    page.wait_for_url(lambda url: "/open" not in url)
    state = context.storage_state()
    context.close()
    return state


class Watched:
    """A page whose mistakes are kept: console messages, failed, refused and foreign requests, dialogs."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.problems: list[str] = []
        page.on("console", lambda m: self._note(m.type in ("error", "warning"), f"console: {m.text}"))
        page.on("pageerror", lambda e: self._note(True, f"error: {e}"))
        page.on(
            "requestfailed",
            lambda r: self._note(r.failure != "net::ERR_ABORTED", f"failed: {r.url} {r.failure}"),
        )
        page.on("response", lambda r: self._note(r.status >= 400, f"{r.status}: {r.url}"))
        page.on("request", lambda r: self._note(not r.url.startswith((url, "data:")), f"foreign: {r.url}"))
        page.on("dialog", self._dialog)

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.problems.append(text)

    def _dialog(self, dialog: Dialog) -> None:
        self._note(True, f"dialog: {dialog.message}")
        dialog.dismiss()

    def go(self, path: str) -> Page:
        """Open a page of the dashboard, and wait until it is at rest."""
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("load")
        return self.page


@pytest.fixture
def context(browser: Browser, visitor: Any) -> Iterator[BrowserContext]:
    """A known browser in Vienna, light, 1440 px wide."""
    made = browser.new_context(
        storage_state=visitor,
        viewport={"width": 1440, "height": 900},
        color_scheme="light",
        timezone_id="Europe/Vienna",
    )
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext, served: Served) -> Iterator[Watched]:
    """A page; the test fails where anything on it went wrong."""
    page = Watched(context.new_page(), served.url)
    yield page
    assert page.problems == []


IMAGE = base64.b64encode(png()).decode()
