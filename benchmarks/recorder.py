"""The whole recorder process, fed by a journal: exchanges of 160 KB a second of one core's work.

Parsing, building, naming agents, redaction and the store are all in it; only the proxy is not.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import itertools
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

import psutil

from benchmarks import page
from benchmarks.conversation import Conversation
from claude_lens.recorder.frames import Arrival, Ending, Frame, head_of
from claude_lens.recorder.pipe import ANNOUNCE, Message
from claude_lens.spool.counters import Counters
from claude_lens.spool.journal import Journal
from claude_lens.spool.records import ARRIVAL, ENDING
from claude_lens.spool.writing import JournalWriter

GOAL: Final = 300


def talks_of(sessions: int, turns: int) -> list[Conversation]:
    """Conversations that have had some turns."""
    talks = [Conversation(seed) for seed in range(sessions)]
    for talk in talks:
        talk.grow(turns)
    return talks


def journal(home: Path, talks: list[Conversation], turns: int) -> tuple[Journal, int, float]:
    """A journal as a proxy writes it, how many exchanges, and the mean body. Every answer is a stream."""
    counters = Counters()
    writer = JournalWriter(home, 64 << 30, counters)
    written = itertools.count(1)

    def _write(frame: Frame) -> None:
        seq, kind = next(written), ARRIVAL if isinstance(frame, Arrival) else ENDING
        if kind == ARRIVAL:
            counters.passed()
        writer.append(seq, writer.sealer.seal(kind, seq, frame.id, head_of(frame), frame.body))

    count, sent = 0, 0
    streams = [talk.exchanges(turns) for talk in talks]
    for _ in range(turns):
        pairs = [next(stream) for stream in streams]
        for arrived, _ in pairs:
            request = arrived.request
            sent += len(request.body)
            count += 1
            headers = (*request.headers, ("x-claude-code-session-id", str(arrived.identity.session_id)))
            _write(
                Arrival(
                    id=arrived.id,
                    worker=arrived.worker,
                    arrived_at=arrived.started_at,
                    endpoint=arrived.endpoint,
                    query=request.query,
                    headers=headers,
                    lane="transparent",
                    body=request.body,
                ),
            )
        for _, ended in pairs:
            assert ended.response is not None
            assert ended.response.json is not None
            _write(
                Ending(
                    id=ended.id,
                    status="ok",
                    http_status=200,
                    headers=ended.response.headers,
                    body=ended.response.body,
                    ttfb_ms=ended.ttfb_ms,
                    ttft_ms=ended.ttft_ms,
                    duration_ms=ended.duration_ms,
                    provider="anthropic",
                    prices={"input_cost_per_token": 5e-6, "output_cost_per_token": 25e-6},
                ),
            )
    writer.close()
    return writer.journal, count, sent / count


def measure(sessions: int, grown: int, turns: int) -> dict[str, Any]:
    """Rates by the clock and by the process's own work, which other programs do not slow down."""
    with tempfile.TemporaryDirectory() as folder:
        fed, count, mean = journal(Path(folder), talks_of(sessions, grown), turns)
        environment = {**os.environ, "CLAUDE_LENS_HOME": folder}
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "claude_lens.recorder", "store", "--journal", str(fed.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        watched = psutil.Process(process.pid)
        idle = sum(watched.cpu_times()[:2])
        start = time.perf_counter()
        process.stdin.write(b"".join(Message(ANNOUNCE, 2 * count).encoded()))
        process.stdin.flush()
        committed, report = 0, {}
        while committed < 2 * count:
            line = json.loads(process.stdout.readline())
            # What it tells the guard comes between.
            report = line if "committed" in line else report
            committed = report.get("committed", 0)
        wall = time.perf_counter() - start
        work = sum(watched.cpu_times()[:2]) - idle
        memory = watched.memory_info().rss
        process.stdin.close()
        process.stdout.read()
        process.wait()
        assert not report["faults"], report["faults"]
    return {
        "exchanges": count,
        "mean_body": mean,
        "per_second": count / wall,
        "per_core_second": count / work,
        "memory_mb": memory / 1e6,
        "started_s": start - started,
    }


class _Reports(io.BytesIO):
    """Ends the recorder's input, as a proxy does that goes, once all is committed."""

    def __init__(self, count: int, announcing: BinaryIO) -> None:
        super().__init__()
        self._count = count
        self._announcing = announcing

    def write(self, line: Any) -> int:
        if json.loads(line).get("committed") == self._count:
            self._announcing.close()
        return len(line)


def profile(sessions: int, grown: int, turns: int, lines: int) -> None:
    """Where the time goes: the same in this process, under a profiler."""
    from claude_lens.recorder.lane import Lane
    from claude_lens.recorder.process import run
    from claude_lens.recorder.sinks import factories
    from claude_lens.settings import load

    with tempfile.TemporaryDirectory() as folder:
        fed, count, _ = journal(Path(folder), talks_of(sessions, grown), turns)
        source, announcing = map(open, os.pipe(), ("rb", "wb"))
        announcing.write(b"".join(Message(ANNOUNCE, 2 * count).encoded()))
        announcing.flush()
        settings = load({"CLAUDE_LENS_HOME": folder})
        profiler = cProfile.Profile()
        # The sink has a thread of its own, which is the one that works.
        work = Lane.run
        Lane.run = lambda lane: profiler.runcall(work, lane)  # type: ignore[method-assign]
        with source:
            run(settings, factories(frozenset({"store"})), source, _Reports(2 * count, announcing), fed)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(lines)


def main() -> None:
    """Print the result, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--grown", type=int, default=37, help="turns that the sessions have had")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", type=int, metavar="LINES", help="show the costliest functions instead")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    chosen = parser.parse_args()
    if chosen.profile:
        profile(chosen.sessions, chosen.grown, chosen.turns, chosen.profile)
        return
    found = measure(chosen.sessions, chosen.grown, chosen.turns)
    text = (
        "## The recorder\n\n"
        "`python -m benchmarks.recorder --write`: parsing, naming agents, redaction, the store.\n\n"
        f"{found['exchanges']} exchanges with bodies of {found['mean_body'] / 1000:.0f} KB: "
        f"{found['per_core_second']:.0f} a second of one core's work (goal {GOAL}), "
        f"{found['per_second']:.0f} by the clock; {found['memory_mb']:.0f} MB. {page.machine()}."
    )
    print(json.dumps(found) if chosen.json else text)
    if chosen.write:
        page.write("recorder", text)


if __name__ == "__main__":
    main()
