#!/usr/bin/env python3
"""Screenshots of the dashboard and of a terminal for docs/, made from a demo run: no key, no network.

python scripts/screenshots.py [FOLDER]     default: docs/screenshots
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from claude_lens.dashboard.server import link, listen
from claude_lens.demo import stage
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Response
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import open_reader
from claude_lens.store.sink import StoreSink

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]


def main(folder: Path) -> None:
    """Play the demo, serve its store, take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with stage.temporary(keep=False) as place:
        settings = stage.run(place, True, lambda line: print(f"screenshots: {line}", file=sys.stderr))
        with open_reader(settings) as reader:
            session = reader.session("last")["id"]
            exchange = reader.exchanges(session)[-1]["id"]
        replayed(settings, place, session, folder / "replay.svg")
        with_plan(settings)
        shoot(settings, folder, {
            "live": "/live",
            "sessions": "/sessions",
            "session": f"/sessions/{session}",
            "exchange": f"/exchanges/{exchange}",
            "numbers": "/numbers?range=24h&by=agent",
            "plan": "/plan",
        })  # fmt: skip


def replayed(settings: Settings, place: Path, session: str, target: Path) -> None:
    """A terminal in which the session is replayed, then once more after a change of CLAUDE.md."""
    terminal = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    environ = {**os.environ, "HOME": str(place), "CLAUDE_LENS_HOME": str(settings.home)}
    words = ["lensctl", "replay", session[:8], "--speed", "max"]

    def run() -> None:
        command = [sys.executable, "-P", "-m", "claude_lens", *words[1:]]
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        terminal.print(f"[bold green]$[/] {' '.join(words)}", highlight=False)
        said = done.stdout.replace(str(place), "~").replace(str(ROOT), "~/claude-lens")
        terminal.print(said, markup=False, highlight=False)

    run()
    memory = place / "project" / "CLAUDE.md"
    terminal.print("[bold green]$[/] echo 'Answer in one word.' > CLAUDE.md", highlight=False)
    memory.write_text("Answer in one word.\n")
    run()
    # Its fonts would be loaded from elsewhere.
    picture = re.sub(
        r"@font-face \{.*?\}\s*|<!--.*?-->", "", terminal.export_svg(title="lensctl replay"), flags=re.DOTALL
    )
    target.write_text(picture)
    memory.unlink()


def with_plan(settings: Settings) -> None:
    """Readings of a subscription, and limits, for a page that a demo without a login has nothing on."""
    (settings.home / "guard.yaml").write_text(
        "rules:\n  - {agent: code-reviewer, limit: 2/day}\n  - session: 15\n"
        "  - {project: /home/me/shop, limit: 4/week}\n"
    )
    sink = StoreSink(settings.database_url)
    sink.writer.open()
    now = time.time()
    asked = [(None, 0.21), ("code-reviewer", 0.24), ("code-reviewer", 0.47), (None, 0.55), ("Explore", 0.62)]
    for number, (agent, used) in enumerate(asked):
        told = (("5h", used, 7200), ("7d", used / 2, 3 * 86400))
        headers = [
            pair
            for name, share, left in told
            for pair in (
                (f"anthropic-ratelimit-unified-{name}-utilization", f"{share:.2f}"),
                (f"anthropic-ratelimit-unified-{name}-reset", f"{now + left:.0f}"),
                (f"anthropic-ratelimit-unified-{name}-status", "allowed"),
            )
        ]
        who = Agent(name=agent, id=agent, evidence="headers") if agent else Agent(evidence="default")
        session = "96c26635-1b6f-4445-ac89-9201ecbf6676"
        sink.ended(
            Exchange(
                id=f"plan{number}",
                status="ok",
                identity=Identity(session_id=session, project="/home/me/shop", agent=who),
                model=Model(requested="claude-opus-5-5"),
                started_at=now - 3000 + 60 * number,
                duration_ms=4000.0,
                ttfb_ms=500.0,
                cost=Cost(usd=0.7 + 0.05 * number),
                response=Response(headers=tuple(headers)),
            )
        )
    sink.close()


def shoot(settings: Settings, folder: Path, pages: dict[str, str]) -> None:
    """A picture of each page, light and dark, by names of files."""
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {**os.environ, "CLAUDE_LENS_HOME": str(settings.home), "CLAUDE_LENS_URL": settings.url}
    command = [sys.executable, "-m", "claude_lens", "dashboard", "--no-open", "--port", str(port)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for scheme in ("light", "dark"):
                take(browser, link(settings, url), url, scheme, folder, pages)
            browser.close()
    finally:
        server.terminate()
        server.communicate(timeout=10)


def take(browser: Browser, opening: str, url: str, scheme: str, folder: Path, pages: dict[str, str]) -> None:
    """The pages in one colour scheme."""
    size = {"width": 1280, "height": 800}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(opening)
    page.wait_for_url(lambda url: "/open" not in url)
    for name, path in pages.items():
        page.goto(url + path)
        if name == "session":
            page.get_by_text("Timeline").click()
            page.locator("details.child > summary").first.click()
        page.wait_for_timeout(900)
        page.screenshot(path=folder / f"{name}-{scheme}.png")
        print(f"screenshots: {folder / name}-{scheme}.png", file=sys.stderr)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")
