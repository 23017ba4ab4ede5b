"""What reading an exchange costs: folding streams, redacting headers, parsing requests; as ratios."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import orjson

from claude_lens.recorder.build import running
from claude_lens.recorder.frames import Arrival
from claude_lens.wire.headers import redact
from claude_lens.wire.sse import fold


def best(work: Callable[[], object], times: int = 30) -> float:
    """The shortest of several runs, in milliseconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found) * 1000


def stream(deltas: int) -> bytes:
    """An answer of so many text deltas."""
    usage = {"input_tokens": 3, "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    for number in range(deltas):
        delta = {"type": "text_delta", "text": f"word {number} and then some "}
        events.append({"type": "content_block_delta", "index": 0, "delta": delta})
    events += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), orjson.dumps(e)) for e in events)


def measure() -> list[dict[str, Any]]:
    """Rows of ``{work, ms, least, least_ms, ratio}``."""
    rows: list[tuple[str, Callable[[], object], str, Callable[[], object]]] = []
    for count in (20, 2000):
        body = stream(count)
        lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: ")]
        rows.append(
            (
                f"fold {count} deltas",
                lambda body=body: fold(body),  # type: ignore[misc]
                "parse their JSON",
                lambda lines=lines: [orjson.loads(line) for line in lines],  # type: ignore[misc]
            )
        )
    headers = [("authorization", "Bearer " + "k" * 60)]
    headers += [(f"x-header-{n}", "a value of some length " * 3) for n in range(29)]
    rows.append(
        (
            "redact 30 headers",
            lambda: redact(headers),
            "lower their case",
            lambda: [(name.lower(), value.lower()) for name, value in headers],
        )
    )
    for size in (160, 5000):
        messages = [{"role": "user", "content": "x" * 1000}] * size
        sent = orjson.dumps({"model": "claude-opus-5-5", "messages": messages})
        arrival = Arrival(id="1", worker="w", arrived_at=0.0, endpoint="/v1/messages", body=sent)
        rows.append(
            (
                f"read a request of {size} KB",
                lambda arrival=arrival: running(arrival),  # type: ignore[misc]
                "parse its JSON",
                lambda sent=sent: orjson.loads(sent),  # type: ignore[misc]
            )
        )
    return [_row(*row) for row in rows]


def _row(work: str, does: Callable[[], object], least: str, at_least: Callable[[], object]) -> dict[str, Any]:
    ms, least_ms = best(does), best(at_least)
    return {"work": work, "ms": ms, "least": least, "least_ms": least_ms, "ratio": ms / least_ms}


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    rows = measure()
    if parser.parse_args().json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['work']:<28} {row['ms']:8.3f} ms   {row['ratio']:5.1f} x {row['least']}")


if __name__ == "__main__":
    main()
