"""The proxy's price for a request, beside others': one run that asks them all in turn.

``python -m benchmarks.lane [--quick] [--json] [--write]``: direct, nginx, a bare forwarder
(``benchmarks/floor.py``), claude-lens recording (both lanes), claude-tap, mitmproxy and stock LiteLLM.

Each request has new text in it. Added times are medians and means of the fastest tenth minus those of the
direct way, in milliseconds. A rate of claude-lens is what was *recorded*, over the time from the first
request until nothing waits any more; what was answered, what then waited and what was dropped stand beside
it. Processor time is that of all processes until then, for each recorded exchange (each answer where nothing
tells of records). Ratios are what the goals speak of. ``--write`` puts it all into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from benchmarks import page
from benchmarks.contenders import (
    DIRECT,
    FLOOR,
    LENS,
    LITELLM,
    MITM,
    NGINX,
    OFF,
    TAP,
    Contender,
    missing,
    running,
)
from benchmarks.load import Timing, connect, request, throughput

KB, MB = 1000, 1_000_000
SIZES = {"10 KB": 10 * KB, "160 KB": 160 * KB, "1 MB": MB}
EVENTS = (20, 2000)
CLIENTS = (1, 8)
USUAL = "160 KB"
REST = 10.0
"""Seconds after the start before memory at rest is looked at."""
NAMES = (NGINX, FLOOR, LENS, OFF, TAP, MITM, LITELLM)
PACED = {"one stream, 200 events at 3 ms": (1, 200, 3), "40 streams, 25 events at 40 ms": (40, 25, 40)}
"""Streams at once, their events, and milliseconds between two events: as models speak."""

Value = TypeVar("Value")
Latency = dict[str, dict[str, float]]
Rates = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: requests a row, seconds a turn, turns."""

    requests: int = 200
    requests_long: int = 60
    seconds: float = 4.0
    turns: int = 5
    sizes: tuple[str, ...] = tuple(SIZES)
    events: tuple[int, ...] = EVENTS


QUICK = Plan(requests=100, seconds=3.0, turns=3, sizes=(USUAL,), events=EVENTS[:1])


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
    firsts = {name: [timing.first * 1e3 for timing in listed] for name, listed in timings.items()}
    found: Latency = {}
    for name, listed in timings.items():
        event = statistics.median((timing.whole - timing.first) / events for timing in listed)
        least = statistics.median((t.whole - t.first) / events for t in timings[DIRECT])
        itself = name == DIRECT
        found[name] = {
            "p50": statistics.median(firsts[name]) - statistics.median(firsts[DIRECT]) * (not itself),
            "low": _lowest(firsts[name]) - _lowest(firsts[DIRECT]) * (not itself),
            "event_us": (event - least * (not itself)) * 1e6,
        }
    return found


def _lowest(values: list[float]) -> float:
    """The mean of the lowest tenth: what is left where nothing else ran meanwhile."""
    return statistics.mean(sorted(values)[: max(1, len(values) // 10)])


async def rates(contenders: dict[str, Contender], size: int, clients: int, plan: Plan) -> Rates:
    """Everybody in turn; the medians of ``answered_s``, ``recorded_s``, ``cpu_ms`` and ``waiting``.

    ``dropped`` is the sum. Where nothing tells of records, an answer counts as one.
    """
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for turn in range(plan.turns):
        for name, one in _shuffled(contenders, turn):
            before, spent, started = one.counted(), sum(one.cpu()), time.perf_counter()
            answered = await throughput(one.target, size, 20, clients, plan.seconds)
            took = time.perf_counter() - started
            waiting = one.counted().waiting
            await asyncio.to_thread(one.settle)
            drained, after = time.perf_counter() - started, one.counted()
            recorded = after.recorded - before.recorded if name.startswith(LENS) else answered
            rows[name].append(
                {
                    "answered_s": answered / took,
                    "recorded_s": recorded / (drained if name.startswith(LENS) else took),
                    "cpu_ms": (sum(one.cpu()) - spent) * 1e3 / max(1, recorded),
                    "waiting": waiting,
                    "dropped": after.dropped - before.dropped,
                }
            )
    return {name: _middle(listed) for name, listed in rows.items()}


async def paced(contenders: dict[str, Contender], streams: int, events: int, pace: int, plan: Plan) -> Rates:
    """Streams as slow as a model's, everybody in turn: ``cpu_ms`` of all processes for each of them."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for turn in range(plan.turns + 1):
        for name, one in _shuffled(contenders, turn):
            clients = [await connect(one.target) for _ in range(streams)]
            spent, times = sum(one.cpu()), 4 if streams == 1 else 1
            for _ in range(times):
                await asyncio.gather(
                    *(each.ask(request(one.target, SIZES[USUAL], events, pace)) for each in clients)
                )
            await asyncio.to_thread(one.settle)
            if turn:
                rows[name].append({"cpu_ms": (sum(one.cpu()) - spent) * 1e3 / streams / times, "dropped": 0})
            for each in clients:
                each.transport.close()
    return {name: _middle(listed) for name, listed in rows.items()}


def _middle(rows: list[dict[str, float]]) -> dict[str, float]:
    found = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    return {**found, "dropped": sum(row["dropped"] for row in rows)}


def _shuffled(named: dict[str, Value], turn: int) -> list[tuple[str, Value]]:
    """In another order each turn: what one leaves to the disk falls into the next one's time."""
    pairs = list(named.items())
    random.Random(turn).shuffle(pairs)
    return pairs


async def measure(contenders: dict[str, Contender], plan: Plan) -> dict[str, Any]:
    """Everything, as plain data."""
    await asyncio.sleep(REST)
    found: dict[str, Any] = {"at_rest_mb": _memory(contenders), "latency": {}, "rates": {}, "paced": {}}
    for size in plan.sizes:
        for events in plan.events:
            count = plan.requests if events == EVENTS[0] else plan.requests_long
            told = await latency(contenders, SIZES[size], events, count)
            found["latency"][f"{size}, {events} events"] = told
    for row, (streams, events, pace) in PACED.items():
        found["paced"][row] = await paced(contenders, streams, events, pace, plan)
    for size in plan.sizes:
        for clients in CLIENTS if size == USUAL else CLIENTS[-1:]:
            found["rates"][f"{size}, {clients} clients"] = await rates(contenders, SIZES[size], clients, plan)
    found["afterwards_mb"] = _memory(contenders)
    found["goals"] = [
        dict(zip(("goal", "found", "limit", "met"), goal, strict=True)) for goal in goals(found)
    ]
    return found


def _memory(contenders: dict[str, Contender]) -> dict[str, float]:
    return {name: one.megabytes() for name, one in contenders.items() if name != DIRECT}


def goals(found: dict[str, Any]) -> Iterator[tuple[str, float, float, bool]]:
    """Each goal: in words, what was found, the limit, whether it is met."""
    usual, busy = found["latency"][f"{USUAL}, 20 events"], found["rates"][f"{USUAL}, 8 clients"]
    if LENS not in usual:
        return
    slow, row = found["paced"][next(iter(PACED))], f"at {USUAL}"
    wanted: list[tuple[str, float, str, float, bool]] = [
        (f"added to the first byte {row}, p50", usual[LENS]["p50"], "p50", 0.3, False),
        ("CPU of a stream of 200 paced events", slow[LENS]["cpu_ms"], "cpu_ms", 0.45, False),
        (f"CPU a recorded exchange {row}, 8 clients", busy[LENS]["cpu_ms"], "cpu_ms", 0.3, False),
        (f"recorded/s {row}, 8 clients, until drained", busy[LENS]["recorded_s"], "recorded_s", 3.5, True),
    ]
    for (what, ours, key, limit, more), table in zip(wanted, (usual, slow, busy, busy), strict=True):
        if TAP in table:
            ratio = ours / table[TAP][key]
            yield f"{what}, of {TAP}'s", ratio, limit, ratio >= limit if more else ratio <= limit
    if NGINX in usual:
        ratio = usual[LENS]["p50"] / usual[NGINX]["p50"]
        yield f"{wanted[0][0]}, of {NGINX}'s", ratio, 1.6, ratio <= 1.6
    if LITELLM in usual:
        ratio = usual[LENS]["p50"] / usual[LITELLM]["p50"]
        yield f"{wanted[0][0]}, of {LITELLM}'s", ratio, 0.15, ratio <= 0.15
    lost = sum(table[LENS]["dropped"] for table in found["rates"].values())
    yield "records dropped, in all", lost, 0, lost == 0
    rest = found["at_rest_mb"][LENS]
    yield "memory at rest, MB", rest, 100, rest <= 100


def render(found: dict[str, Any]) -> str:
    """The section of the page."""
    names = [name for name in next(iter(found["latency"].values())) if name != DIRECT]
    columns, rule = " | ".join(names), "---|" * (len(names) + 1)
    lines = [
        "## The proxy beside others",
        "",
        f"`python -m benchmarks.lane --write`; {page.machine()}. All in one run, in turn, against a provider",
        "in memory on the same machine; 2 KB of each request are new. claude-lens records everything (off:",
        "`CLAUDE_LENS_TRANSPARENT=off`), claude-tap and mitmproxy write files, the others keep nothing.",
    ]

    def table(title: str, row: str, cells: dict[str, list[str]]) -> None:
        lines.extend(["", title, "", f"| {row} | {columns} |", f"|{rule}"])
        lines.extend(f"| {name} | {' | '.join(listed)} |" for name, listed in cells.items())

    timed = found["latency"].items()
    table(
        "Time to first byte that each adds to the direct way, in ms: median (mean of the fastest tenth).",
        "body, answer",
        {row: [f"{told[n]['p50']:.2f} ({told[n]['low']:.2f})" for n in names] for row, told in timed},
    )
    long = {row: [f"{told[n]['event_us']:.1f}" for n in names] for row, told in timed if "2000" in row}
    if long:
        table("Time that each adds to an event of a stream that comes at once, in µs.", "body, answer", long)
    table(
        f"Streams as slow as a model's ({USUAL} asked): ms of CPU for each, recording included.",
        "streams",
        {row: [f"{told[n]['cpu_ms']:.1f}" for n in names] for row, told in found["paced"].items()},
    )
    table(
        "As much as goes through one worker: recorded a second until nothing waits (answered a second, "
        "waiting at the end, dropped); ms of CPU for each that was recorded.",
        "bodies",
        {row: [_busy(name, told[name]) for name in names] for row, told in found["rates"].items()},
    )
    for when in ("at_rest", "afterwards"):
        told = ", ".join(f"{name} {size:.0f} MB" for name, size in found[f"{when}_mb"].items())
        lines += ["", f"Memory {when.replace('_', ' ')} (PSS, all processes): {told}."]
    lines += ["", "| goal | found | limit | |", "|---|---|---|---|"]
    for goal in found["goals"]:
        verdict = "met" if goal["met"] else "**missed**"
        lines.append(f"| {goal['goal']} | {goal['found']:.2f} | {goal['limit']:.2f} | {verdict} |")
    return "\n".join(lines)


def _busy(name: str, told: dict[str, float]) -> str:
    more = f", {told['waiting']:.0f}, {told['dropped']:.0f}" if name.startswith(LENS) else ""
    return f"{told['recorded_s']:.0f} ({told['answered_s']:.0f}{more}); {told['cpu_ms']:.2f}"


def main() -> int:
    """Exit code 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests, bodies of 160 KB only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--only", nargs="*", default=NAMES, choices=NAMES)
    chosen = parser.parse_args()
    names = tuple(name for name in chosen.only if not missing(name))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), names) as contenders:
        found = uvloop.run(measure(contenders, QUICK if chosen.quick else Plan()))
    print(json.dumps(found, indent=1) if chosen.json else render(found))
    if chosen.write:
        page.write("lane", render(found))
    return 0 if all(goal["met"] for goal in found["goals"]) else 1


if __name__ == "__main__":
    sys.exit(main())
