"""Whether open dashboards cost the proxy anything: answers with none and with five open, interleaved.

python -m benchmarks.dashboard_open [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import page as results
from tests.dashboard.conftest import Served
from tests.harness import Proxy
from tests.harness.client import MODEL
from tests.upstream import Provider, always, say, text

OPEN = 5
REQUESTS = 150


def burst(proxy: Proxy, count: int) -> list[float]:
    """Milliseconds that so many streamed answers took, one after another."""
    took = []
    headers = {"x-api-key": proxy.key, "x-claude-code-session-id": str(uuid.uuid4())}
    with httpx.Client(base_url=proxy.url, headers=headers, trust_env=False) as client:
        for number in range(count):
            messages = [{"role": "user", "content": "x" * 4000 + str(number)}]
            started = time.perf_counter()
            client.post(
                "/v1/messages", json={"model": MODEL, "max_tokens": 9, "stream": True, "messages": messages}
            )
            took.append((time.perf_counter() - started) * 1000)
            time.sleep(0.01)
    return took


@contextmanager
def watched(served: Served, count: int) -> Iterator[None]:
    """So many live pages open; the cookie is got once."""
    stop = threading.Event()

    def watch(client: httpx.Client) -> None:
        with client.stream("GET", served.url + "/live/events") as answer:
            for _ in answer.iter_lines():
                if stop.is_set():
                    return

    with httpx.Client(timeout=60, trust_env=False) as client:
        client.get(served.link)
        threads = [threading.Thread(target=watch, args=[client], daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        yield
        stop.set()
        for thread in threads:
            thread.join(20)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    chosen = parser.parse_args()
    none: list[float] = []
    five: list[float] = []
    with Provider() as upstream, tempfile.TemporaryDirectory() as folder:
        upstream.play(always(say(text("hi"))))
        with Proxy(Path(folder) / "home", upstream.url) as proxy:
            burst(proxy, 50)
            for _ in range(chosen.rounds):
                none += burst(proxy, REQUESTS)
                served = Served(proxy.environment, proxy.home)
                with watched(served, OPEN):
                    five += burst(proxy, REQUESTS)
                    burst(proxy, 1)
                served.close()
    lines = ["| dashboards open | p50 ms | p95 ms |", "|---:|---:|---:|"]
    for count, took in ((0, none), (OPEN, five)):
        p95 = statistics.quantiles(took, n=20)[-1]
        lines.append(f"| {count} | {statistics.median(took):.2f} | {p95:.2f} |")
    found = "\n".join([*lines, "", f"{len(five)} streamed answers each. {results.machine()}."])
    print(found)
    if chosen.write:
        head = "## Open dashboards and the proxy's answers\n\n`python -m benchmarks.dashboard_open --write`"
        results.write("dashboard-open", f"{head}\n\n{found}")


if __name__ == "__main__":
    main()
