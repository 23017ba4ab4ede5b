"""Exchanges a second that one core stores: bodies of 160 KB that grow turn by turn, in several sessions."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from typing import Any

from benchmarks.conversation import Conversation
from claude_lens.store.sink import StoreSink

GOAL = 300


def measure(sessions: int, turns: int, batch: int) -> dict[str, Any]:
    """Rates for ``sessions`` x ``turns`` exchanges: by the clock, and by one core's work."""
    talks = [Conversation(seed) for seed in range(sessions)]
    for talk in talks:
        talk.grow(57)
    streams = [talk.exchanges(turns) for talk in talks]
    wall = work = 0.0
    count = sent = 0
    with tempfile.TemporaryDirectory() as folder:
        sink = StoreSink(f"sqlite:///{folder}/lens.db")
        for _ in range(turns):
            pairs = [next(stream) for stream in streams]
            start, core = time.perf_counter(), time.process_time()
            for arrived, _ in pairs:
                sink.arrived(arrived)
                count += 1
                if count % batch == 0:
                    sink.flush()
            for _, ended in pairs:
                sink.ended(ended)
                sent += len(ended.request.body)
                if count % batch == 0:
                    sink.flush()
            sink.flush()
            wall += time.perf_counter() - start
            work += time.process_time() - core
        start, core = time.perf_counter(), time.process_time()
        sink.close()
        wall += time.perf_counter() - start
        work += time.process_time() - core
    return {
        "exchanges": count,
        "mean_body": sent / count,
        "per_second": count / wall,
        "per_core_second": count / work,
    }


def main() -> None:
    """Print the result, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--batch", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.sessions, arguments.turns, arguments.batch)
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{found['exchanges']} exchanges of {found['mean_body'] / 1000:.0f} KB: {found['per_second']:.0f}/s, "
        f"{found['per_core_second']:.0f} a second of one core's work (goal {GOAL})"
    )


if __name__ == "__main__":
    main()
