"""What the guard adds to a request, with 0, 10 and 1,000 rules, and what the status line costs.

``python -m benchmarks.guard [--json] [--write]``: µs of CPU a request in the proxy's process, in one
interleaved run, finding out who asks apart; and ms of CPU a line, beside a Python that does nothing.
``--write`` puts the result into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import page
from claude_lens.agents.detect import no_files
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.asgi import Message
from claude_lens.capture.asking import Asking, Cache
from claude_lens.capture.guarding import Guard
from claude_lens.capture.inflight import InFlight
from claude_lens.guard.events import Spent
from claude_lens.guard.rules import Who
from claude_lens.settings import load

RULES = (0, 10, 1000)
TURNS, REQUESTS = 15, 200
BODY = b'{"model":"claude-sonnet-4-5","messages":[' + b'{"role":"user","content":"word"},' * 5000
BODY += b'{"role":"user","content":"go"}],"max_tokens":32000,"stream":true}'
PRICES = {"input_cost_per_token": 3e-6, "output_cost_per_token": 15e-6}
HEADERS = [
    (b"host", b"127.0.0.1"),
    (b"user-agent", b"claude-cli/2.1.332 (external, cli)"),
    (b"x-claude-code-session-id", b"11111111-2222-3333-4444-555555555555"),
    (b"x-claude-code-request-class", b"main"),
    (b"x-claude-lens-project", b"/home/me/shop"),
]


def flight(number: int) -> InFlight:
    """A request of a long conversation."""
    return InFlight(
        endpoint="/v1/messages",
        query="",
        headers=HEADERS,
        body=BODY,
        put=lambda _: None,
        worker="w",
        id=f"{number:032x}",
        requested_model="claude-sonnet-4-5",
        price=lambda _model, _provider: PRICES,
    )


async def guarded(folder: Path, count: int) -> tuple[Guard, Asking]:
    """A guard with ``count`` rules, half of them about agents, two that every request meets."""
    home = folder / str(count)
    home.mkdir()
    common = ["  - {session: 100000}", "  - {limit: 100000/day}"]
    rest = [f"  - {{agent: agent-{n}, limit: 100/day}}" for n in range(0, count - 2, 2)]
    rest += [f"  - {{project: /home/me/p{n}, limit: 100/week}}" for n in range(1, count - 2, 2)]
    (home / "guard.yaml").write_text("\n".join(["rules:", *(common + rest if count else [])]) + "\n")
    cache = Cache()
    asking = Asking(AgentLog(lambda: cache), no_files)
    guard = Guard(load({"CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_CONFIG": str(home / "none")}), asking)
    guard.complete = True
    guard.start()
    return guard, asking


async def _receive() -> Message:
    await asyncio.sleep(3600)
    return {"type": "http.disconnect"}


async def _send(_message: Message) -> None:
    return None


async def turn(guard: Guard, asking: Asking, first: int) -> tuple[float, float]:
    """Median µs of one request: the guard's own, and finding out who asks where rules want to know."""
    own, asked = [], []
    for number in range(first, first + REQUESTS):
        one = flight(number)
        begun = time.thread_time_ns()
        if guard.asks_agents:
            await asking.consider(one, _send)
        found = time.thread_time_ns()
        assert await guard.admit(one, _receive, _send)
        done = time.thread_time_ns()
        asked.append((found - begun) / 1000)
        own.append((done - found) / 1000)
        who = Who(
            session=HEADERS[2][1].decode(), agent="main", model="claude-sonnet-4-5", project="/home/me/shop"
        )
        guard.told({"spent": [Spent(id=one.id, at=time.time(), usd=0.001, who=who).to_json()]})
        guard.drain()
    return statistics.median(own), statistics.median(asked)


async def admission() -> dict[str, dict[str, float]]:
    """µs by number of rules."""
    found: dict[int, list[tuple[float, float]]] = {count: [] for count in RULES}
    with tempfile.TemporaryDirectory() as folder:
        guards = {count: await guarded(Path(folder), count) for count in RULES}
        for number in range(TURNS):
            for count, (guard, asking) in guards.items():
                found[count].append(await turn(guard, asking, number * REQUESTS))
        for guard, _ in guards.values():
            await guard.close()
    return {
        str(count): {
            "guard_us": statistics.median(own for own, _ in rows),
            "who_asks_us": statistics.median(asked for _, asked in rows),
        }
        for count, rows in found.items()
    }


def cpu(run: Callable[[], object]) -> float:
    """ms of CPU of the children that ``run`` waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def line() -> dict[str, float]:
    """Median ms of CPU: of a status line without a proxy, and of a Python that does nothing."""
    told = json.dumps({"session_id": "s", "model": {"id": "claude-opus-5-5"}}).encode()
    commands = {"statusline": ["-m", "claude_lens.statusline"], "python": ["-c", "pass"]}
    found: dict[str, list[float]] = {name: [] for name in commands}
    environ = {**os.environ, "CLAUDE_LENS_URL": "http://127.0.0.1:9"}
    for _ in range(TURNS):
        for name, arguments in commands.items():
            command = [sys.executable, *arguments]
            found[name].append(
                cpu(
                    lambda command=command: subprocess.run(
                        command, input=told, env=environ, capture_output=True
                    )
                )
            )
    return {name: statistics.median(values) for name, values in found.items()}


def render(found: dict[str, Any]) -> str:
    """The section of the page."""
    lines = [
        "## Limits and the status line",
        "",
        f"`python -m benchmarks.guard --write`; {page.machine()}. CPU, medians of one interleaved run.",
        "",
        "| rules | the guard, µs a request | finding out who asks, µs |",
        "|---|---|---|",
    ]
    lines += [
        f"| {count} | {row['guard_us']:.0f} | {row['who_asks_us']:.0f} |"
        for count, row in found["admission"].items()
    ]
    lines += ["", f"A status line takes {found['line']['statusline']:.0f} ms, a Python that does nothing"]
    lines += [f"{found['line']['python']:.0f} ms.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    found = {"admission": asyncio.run(admission()), "line": line()}
    if chosen.write:
        page.write("guard", render(found))
    print(json.dumps(found, indent=2) if chosen.json else render(found))


if __name__ == "__main__":
    main()
