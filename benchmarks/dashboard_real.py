"""A long session of the real Claude CLI on the dashboard: its first screen, and scrolling to its end.

    python -m benchmarks.dashboard --real TURNS [--times N] [--write]

The client runs against a scripted provider that calls tools (Read of a small file, Bash ``true``) so many
times, through a live proxy; what that stored is served and looked at in Chromium.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, Request, sync_playwright

from benchmarks import page as results
from tests.dashboard.browser.conftest import ARGUMENTS, CHROMIUM
from tests.dashboard.conftest import Served
from tests.harness import Claude, Proxy
from tests.upstream import Call, Provider, Reply, Tokens, say, text, thinking, tool_use

PROMPT: Final = "Go through the modules one by one, and say what each of them does."
FILES: Final = 12
_SAID: Final = (
    "the module reads a file and returns its lines sorted by key unless one is missing then it raises what "
    "the caller has to handle because the parser keeps state between calls so that a second pass over the "
    "same input needs no memory of its own while tests cover both ways but not an index past the last entry"
)
SCREEN_MS: Final = 300.0
SCREEN_KB: Final = 300
_PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
_BYTE: Final = "() => performance.getEntriesByType('navigation')[0].responseStart"
_SIZES: Final = """() => [
    performance.getEntriesByType('navigation')[0].encodedBodySize,
    performance.getEntriesByType('resource').reduce((sum, one) => sum + one.encodedBodySize, 0),
]"""
_TURNS: Final = "() => document.querySelectorAll('#conversation article.turn:not(.side)').length"


@dataclass(frozen=True, slots=True)
class Screen:
    """A page's first screen in a browser: ms until its first byte and until it is drawn, turns on it."""

    first_byte_ms: float
    paint_ms: float
    turns: int
    html_kb: float
    wire_kb: float


def script(folder: Path, count: int) -> Callable[[Call], Reply]:
    """So many turns, each a sentence or a paragraph and a call of a tool; then a last word."""
    chance = random.Random(7)

    known = _SAID.split()

    def prose(words: int) -> str:
        said = " ".join(chance.choice(known) for _ in range(words))
        return said[:1].upper() + said[1:] + "."

    def step(turn: int) -> Reply:
        read = {"file_path": f"{folder}/module_{turn % FILES}.py"}
        bash = {"command": f"true # {prose(6)}", "description": prose(5)}
        call = tool_use("Read", read) if turn % 3 else tool_use("Bash", bash)
        blocks = [text(prose(chance.randint(8, 90))), call]
        if turn % 5 == 0:
            blocks.insert(0, thinking(prose(chance.randint(20, 160))))
        tokens = Tokens(3, 60 + turn % 200, min(18_000 + 240 * turn, 140_000), 240)
        return say(*blocks, tokens=tokens)

    steps = [step(turn) for turn in range(count - 1)]
    last = say(text("All of them are read. " + prose(60)))
    return lambda call: steps[call.turn] if call.turn < len(steps) else last


@contextmanager
def recorded(folder: Path, count: int) -> Iterator[tuple[Served, str]]:
    """A dashboard over what the real client did in ``count`` turns, and its session's id."""
    with Provider() as upstream, Proxy(folder / "home", upstream.url) as proxy:
        claude = Claude(folder / "client", upstream.url, proxy)
        for number in range(FILES):
            lines = [
                f"def step_{line}(value: int) -> int:\n    return value + {line}\n" for line in range(12)
            ]
            (claude.cwd / f"module_{number}.py").write_text("\n\n".join(lines))
        upstream.play(script(claude.cwd, count))
        ran = claude.run(PROMPT, seconds=1800)
        assert ran.code == 0, ran
        assert ran.json["num_turns"] >= count, ran.stdout[:500]
        proxy.settled()
        served = Served(proxy.environment, proxy.home)
        try:
            yield served, ran.json["session_id"]
        finally:
            served.close()


def measure(count: int, times: int) -> str:
    """The table, for a session of ``count`` turns."""
    lines = ["| first screen of | first byte, p50 ms | drawn, p50 ms | p95 ms | HTML KB | all KB | turns |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    with (
        tempfile.TemporaryDirectory() as folder,
        recorded(Path(folder), count) as (served, session),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context()
        context.new_page().goto(served.link)
        state = context.storage_state()
        address = f"{served.url}/sessions/{session}"
        _screen(browser, state, address)
        listed = f"{served.url}/sessions"
        for name, url, before in (
            ("its beginning", address, listed),
            ("its end", f"{address}?at=end", listed),
            ("its beginning, nothing cached", address, None),
            ("for comparison: the System page", f"{served.url}/system", listed),
        ):
            lines.append(_line(name, [_screen(browser, state, url, before) for _ in range(times)]))
        said = _scrolled(browser, state, address, count)
        browser.close()
    goals = (
        "Each page was opened from the list of sessions, in a browser of its own, but for the third. "
        f"Goals: drawn within {SCREEN_MS:.0f} ms, {SCREEN_KB} KB. {results.machine()}."
    )
    return "\n".join([*lines, "", said, goals])


def _line(name: str, screens: list[Screen]) -> str:
    drawn = [screen.paint_ms for screen in screens]
    first = statistics.median(screen.first_byte_ms for screen in screens)
    p95 = statistics.quantiles(drawn, n=20)[-1]
    one = screens[-1]
    sizes = f"{one.html_kb:.0f} | {one.wire_kb:.0f} | {one.turns}"
    return f"| {name} | {first:.0f} | {statistics.median(drawn):.0f} | {p95:.0f} | {sizes} |"


def _screen(browser: Browser, state: object, url: str, before: str | None = None) -> Screen:
    """In a fresh browser that was at ``before``; what the page loads until it is at rest counts."""
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900})  # type: ignore[arg-type]
    try:
        page = context.new_page()
        if before:
            page.goto(before)
            page.wait_for_load_state("load")
        page.goto(url)
        page.wait_for_load_state("load")
        page.wait_for_function(_PAINT)
        page.wait_for_timeout(300)
        times = page.evaluate(_PAINT), page.evaluate(_BYTE)
        html, rest = page.evaluate(_SIZES)
        return Screen(times[1], times[0], page.evaluate(_TURNS), html / 1024, (html + rest) / 1024)
    finally:
        context.close()


def _scrolled(browser: Browser, state: object, url: str, count: int) -> str:
    """Scroll to the end, as a reader does, a screen at a time; every turn has to be there then."""
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900})  # type: ignore[arg-type]
    try:
        page = context.new_page()
        took: list[float] = []
        page.on("requestfinished", lambda done: _clock(done, took))
        page.goto(url)
        started = time.perf_counter()
        _to_the_end(page, count)
        spent = time.perf_counter() - started
        shown = page.evaluate(_TURNS)
        assert shown == count, f"{shown} turns of {count} are on the page"
        if len(took) < 2:
            return f"All {shown} turns are on the page."
        p95 = statistics.quantiles(took, n=20)[-1]
        return (
            f"Scrolled to its end all {shown} turns are on the page: {len(took)} pieces, each loaded within "
            f"{statistics.median(took):.0f} ms (p50) and {p95:.0f} ms (p95), {spent:.1f} s in all."
        )
    finally:
        context.close()


def _clock(done: Request, took: list[float]) -> None:
    if "/turns?" in done.url:
        took.append(done.timing["responseEnd"])


def _to_the_end(page: Page, count: int) -> None:
    until = time.monotonic() + 180
    while page.evaluate(_TURNS) < count and time.monotonic() < until:
        page.mouse.move(900, 500)
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(30)
