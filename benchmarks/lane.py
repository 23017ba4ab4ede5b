"""The proxy's price for a request, beside others': one run that asks them all in turn.

``python -m benchmarks.lane [--quick] [--json] [--write]``: direct, claude-lens with recording on (both
lanes), stock LiteLLM, and claude-tap. Added times are medians (p50) and 99th percentiles minus the direct
median, in milliseconds; ratios are what the goals speak of. ``--write`` puts the result into
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from benchmarks import page
from benchmarks.contenders import DIRECT, LENS, LITELLM, OFF, TAP, Contender, running
from benchmarks.load import Timing, connect, request, throughput

KB, MB = 1000, 1_000_000
SIZES = {"10 KB": 10 * KB, "160 KB": 160 * KB, "1 MB": MB}
EVENTS = (20, 2000)
CLIENTS = (1, 8, 64)
USUAL = "160 KB"
NAMES = (LENS, OFF, LITELLM, TAP)

Value = TypeVar("Value")
Latency = dict[str, dict[str, float]]
Rates = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: requests a row, seconds a turn, turns."""

    requests: int = 200
    requests_long: int = 60
    seconds: float = 5.0
    turns: int = 5


QUICK = Plan(requests=30, requests_long=10, seconds=1.5, turns=1)


async def latency(contenders: dict[str, Contender], size: int, events: int, count: int) -> Latency:
    """One client that asks everybody in turn: milliseconds to the first byte, and microseconds an event."""
    clients = {name: await connect(one.target) for name, one in contenders.items()}
    timings: dict[str, list[Timing]] = {name: [] for name in contenders}
    for turn in range(count + 3):
        for name, client in _shuffled(clients, turn):
            timing = await client.ask(request(contenders[name].target, size, events))
            if turn >= 3:
                timings[name].append(timing)
            # The recorder's work for one must not fall into the next one's time.
            await asyncio.sleep(0.01 if size < MB else 0.03)
    for client in clients.values():
        client.transport.close()
    direct = [timing.first * 1e3 for timing in timings[DIRECT]]
    direct_event = statistics.median((t.whole - t.first) / events for t in timings[DIRECT])
    found: Latency = {}
    for name, listed in timings.items():
        first = sorted(timing.first * 1e3 for timing in listed)
        event = statistics.median((timing.whole - timing.first) / events for timing in listed)
        found[name] = {
            "p50": statistics.median(first) - statistics.median(direct) * (name != DIRECT),
            "p99": first[int(len(first) * 0.99)] - statistics.median(direct) * (name != DIRECT),
            "event_us": (event - direct_event * (name != DIRECT)) * 1e6,
        }
    return found


async def rates(contenders: dict[str, Contender], size: int, clients: int, plan: Plan) -> Rates:
    """Everybody in turn, several times: requests/s, and ms of CPU a request, a recorder's apart."""
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in contenders}
    for turn in range(plan.turns):
        for name, one in _shuffled(contenders, turn):
            before = one.cpu()
            rate = await throughput(one.target, size, 20, clients, plan.seconds)
            await asyncio.to_thread(one.settle)
            (own, children), asked = one.cpu(), rate * plan.seconds
            cpu, recorder = (own - before[0]) * 1e3 / asked, (children - before[1]) * 1e3 / asked
            rows[name].append((rate, cpu, recorder))
    return {
        name: dict(
            zip(
                ("per_s", "cpu_ms", "recorder_ms"),
                map(statistics.median, zip(*row, strict=True)),
                strict=True,
            )
        )
        for name, row in rows.items()
    }


def _shuffled(named: dict[str, Value], turn: int) -> list[tuple[str, Value]]:
    """In another order each turn: what one leaves to the disk falls into the next one's time."""
    pairs = list(named.items())
    random.Random(turn).shuffle(pairs)
    return pairs


async def measure(contenders: dict[str, Contender], plan: Plan) -> dict[str, Any]:
    """Everything, as plain data."""
    found: dict[str, Any] = {"latency": {}, "rates": {}}
    for size in SIZES:
        for events in EVENTS:
            count = plan.requests if events == EVENTS[0] else plan.requests_long
            told = await latency(contenders, SIZES[size], events, count)
            found["latency"][f"{size}, {events} events"] = told
    for clients in CLIENTS:
        found["rates"][f"{USUAL}, {clients} clients"] = await rates(contenders, SIZES[USUAL], clients, plan)
    for size in SIZES:
        if size != USUAL:
            found["rates"][f"{size}, 8 clients"] = await rates(contenders, SIZES[size], 8, plan)
    found["memory_mb"] = {name: one.megabytes() for name, one in contenders.items() if name != DIRECT}
    recording = {name: one.recording() for name, one in contenders.items() if name.startswith(LENS)}
    found["recorded"] = {
        n: {key: told[key] for key in ("recorded", "dropped")} for n, told in recording.items()
    }
    found["goals"] = [
        dict(zip(("goal", "found", "limit", "met"), goal, strict=True)) for goal in goals(found)
    ]
    return found


def goals(found: dict[str, Any]) -> Iterator[tuple[str, float, float, bool]]:
    """Each goal: in words, what was found, the limit, whether it is met."""
    usual = found["latency"][f"{USUAL}, 20 events"]
    busy = found["rates"][f"{USUAL}, 8 clients"]
    ours = [name for name in (LENS, OFF) if name in usual]
    present = [name for name in (LITELLM, TAP) if name in usual]
    limits = {LITELLM: (0.15, 6.0), TAP: (0.8, 1.5)}
    for name in present if LENS in ours else ():
        most, least = limits[name]
        added = usual[LENS]["p50"] / usual[name]["p50"]
        yield f"added time at {USUAL}, of {name}'s", added, most, added <= most
        rate = busy[LENS]["per_s"] / busy[name]["per_s"]
        yield f"requests/s at {USUAL} with 8 clients, times {name}'s", rate, least, rate >= least
    if LENS in ours:
        small, large = (found["latency"][f"{size}, 20 events"][LENS]["p50"] for size in (USUAL, "1 MB"))
        growth, bodies = large / small, SIZES["1 MB"] / SIZES[USUAL]
        yield "growth of the added time from 160 KB to 1 MB", growth, bodies, growth <= bodies
    if LITELLM in usual:
        for name in ours:
            for size in SIZES:
                rows = found["latency"][f"{size}, 20 events"]
                ratio = (rows[DIRECT]["p50"] + rows[name]["p50"]) / (
                    rows[DIRECT]["p50"] + rows[LITELLM]["p50"]
                )
                yield f"time to first byte at {size}, {name} over litellm", ratio, 1.05, ratio <= 1.05
                key = f"{size}, 8 clients"
                slower = found["rates"][key][LITELLM]["per_s"] / found["rates"][key][name]["per_s"]
                yield (
                    f"time a request at {size} with 8 clients, {name} over litellm",
                    slower,
                    1.05,
                    slower <= 1.05,
                )


def render(found: dict[str, Any]) -> str:
    """The section of the page."""
    names = [name for name in next(iter(found["latency"].values())) if name != DIRECT]
    columns, rule = " | ".join(names), "---|" * (len(names) + 1)
    lines = [
        "## The proxy beside others",
        "",
        f"`python -m benchmarks.lane --write`; {page.machine()}. All in one run, in turn, against a provider",
        "in memory on the same machine; claude-lens records everything (off: `CLAUDE_LENS_TRANSPARENT=off`).",
        "",
        "Time to first byte that each adds to the direct way, in ms: median (99th percentile).",
        "",
        f"| body, answer | {columns} |",
        f"|{rule}",
    ]
    for row, told in found["latency"].items():
        lines.append(
            f"| {row} | " + " | ".join(f"{told[n]['p50']:.1f} ({told[n]['p99']:.1f})" for n in names) + " |"
        )
    lines += ["", "Time that each adds to an event of a stream, in µs (median).", ""]
    lines += [f"| body, answer | {columns} |", f"|{rule}"]
    for row, told in found["latency"].items():
        if "2000" in row:
            lines.append(f"| {row} | " + " | ".join(f"{told[n]['event_us']:.1f}" for n in names) + " |")
    lines += [
        "",
        "Requests/s of one worker; in brackets ms of CPU a request, and what its recorder adds.",
        "",
    ]
    lines += [f"| bodies | direct | {columns} |", f"|{rule}---|"]
    for row, told in found["rates"].items():
        cells = [
            f"{told[n]['per_s']:.0f} ({told[n]['cpu_ms']:.1f} + {told[n]['recorder_ms']:.1f})" for n in names
        ]
        lines.append(f"| {row} | {told[DIRECT]['per_s']:.0f} | {' | '.join(cells)} |")
    memory = ", ".join(f"{name} {size:.0f} MB" for name, size in found["memory_mb"].items())
    lines += [
        "",
        f"Memory afterwards (recorder included): {memory}.",
        "",
        "| goal | found | limit | |",
        "|---|---|---|---|",
    ]
    for goal in found["goals"]:
        verdict = "met" if goal["met"] else "**missed**"
        lines.append(f"| {goal['goal']} | {goal['found']:.2f} | {goal['limit']:.2f} | {verdict} |")
    return "\n".join(lines)


def main() -> int:
    """Exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few requests: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--only", nargs="*", default=NAMES, choices=NAMES)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), tuple(chosen.only)) as contenders:
        found = uvloop.run(measure(contenders, QUICK if chosen.quick else Plan()))
    print(json.dumps(found, indent=1) if chosen.json else render(found))
    if chosen.write:
        page.write("lane", render(found))
    return 0 if all(goal["met"] for goal in found["goals"]) else 1


if __name__ == "__main__":
    sys.exit(main())
