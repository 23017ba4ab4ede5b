"""What tracing costs: CPU a span for a large body, bytes over a session, LiteLLM's own callback beside it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.conversation import Conversation
from claude_lens.tracing.backends import at
from claude_lens.tracing.bounds import Collector as Attributes
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.queue import BATCH
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree
from tests.harness.processes import Child, child_environment, free_port
from tests.tracing.collector import Collector
from tests.upstream import Provider, always, say, text, tool_use

GOAL_MS = 1.0
GOAL_BYTES = 64 * 1024
STOCK = """
general_settings: {{master_key: sk-bench}}
litellm_settings: {{callbacks: ["arize_phoenix"]}}
model_list:
  - model_name: "claude-*"
    litellm_params: {{model: "anthropic/claude-*", api_key: sk-ant-bench, api_base: "{upstream}"}}
"""
SINK = """
import sys
from tests.tracing.collector import Collector
with Collector() as collector:
    print(collector.port, flush=True)
    sys.stdin.read()
"""


def conversation() -> Conversation:
    """About 160 KB in 200 messages, once grown by 99 turns."""
    return Conversation(new_bytes=1_150)


@contextmanager
def elsewhere() -> Iterator[str]:
    """An OTLP endpoint in a process of its own, so that its work is not counted as ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", SINK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdin
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def cpu(rounds: int) -> dict[str, Any]:
    """Milliseconds of CPU a span, from the ended exchange to the bytes sent, over large bodies."""
    talk = conversation()
    talk.grow(99)
    pairs = list(talk.exchanges(rounds))
    with elsewhere() as url:
        sender = Sender(at(url), resource_attributes({}))
        sender.send(Tree().ended(pairs[0][1]))
        tree, waiting, count = Tree(collector=Attributes), list[Span](), 0
        begun = time.process_time()
        for _, ended in pairs:
            waiting += tree.ended(ended)
            if len(waiting) >= BATCH:
                assert sender.send(waiting).ok
                count, waiting = count + len(waiting), []
        assert sender.send(waiting).ok
        spent = time.process_time() - begun
        sender.close()
    first = pairs[0][1].request
    return {
        "body_bytes": len(first.body),
        "messages": len((first.json or {})["messages"]),
        "spans": count + len(waiting),
        "ms_per_span": spent * 1000 / (count + len(waiting)),
    }


def sent(turns: int) -> list[int]:
    """Bytes on the wire to the backend, added up after each exchange of a session."""
    points, total = [], 0
    with Collector() as collector:
        tree, sender = Tree(), Sender(at(collector.url), resource_attributes({}))
        for _, ended in conversation().exchanges(turns):
            assert sender.send(tree.ended(ended)).ok
            total = sum(post.size for post in collector.posts)
            points.append(total)
        sender.close()
    return points


def litellm_sent(turns: int) -> int | None:
    """The same session through stock LiteLLM with its ``arize_phoenix`` callback; None if it fails."""
    port = free_port()
    with Provider() as upstream, Collector() as collector, tempfile.TemporaryDirectory() as folder:
        upstream.play(always(say(text("ok"), tool_use("Bash", {"command": "ls"}))))
        config = Path(folder) / "config.yaml"
        config.write_text(STOCK.format(upstream=upstream.url))
        environment = child_environment(
            HOME=folder,
            PHOENIX_COLLECTOR_HTTP_ENDPOINT=collector.url + "/v1/traces",
            LITELLM_LOCAL_MODEL_COST_MAP="True",
        )
        command: list[str | Path] = [Path(sys.executable).parent / "litellm", "--config", config]
        with (Path(folder) / "log").open("wb") as log:
            child = Child(
                [*command, "--port", str(port), "--host", "127.0.0.1"], environment, Path(folder), output=log
            )
        try:
            if not _ready(port, child):
                return None
            for arrived, _ in conversation().exchanges(turns):
                headers = {"x-api-key": "sk-bench", "content-type": "application/json"}
                url = f"http://127.0.0.1:{port}/v1/messages"
                httpx.post(url, content=arrived.request.body, headers=headers, timeout=60).raise_for_status()
            time.sleep(8)
        finally:
            child.close(20)
        return sum(post.size for post in collector.posts)


def _ready(port: int, child: Child) -> bool:
    until = time.monotonic() + 120
    while time.monotonic() < until and child.popen.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=2).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    return False


def measure(turns: int, *, with_litellm: bool) -> dict[str, Any]:
    """Everything: ``linear`` is the second half's bytes over the first half's, 1.0 where growth is linear."""
    points = sent(turns)
    half = points[turns // 2 - 1]
    return {
        "cpu": cpu(100),
        "turns": turns,
        "bytes": points[-1],
        "bytes_per_exchange": points[-1] / turns,
        "linear": (points[-1] - half) / half,
        "litellm_bytes": litellm_sent(turns) if with_litellm else None,
    }


def main() -> None:
    """Print the figures, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--without-litellm", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.turns, with_litellm=not arguments.without_litellm)
    if arguments.json:
        print(json.dumps(found))
        return
    spent = found["cpu"]
    print(
        f"{spent['ms_per_span']:.2f} ms CPU a span (goal {GOAL_MS}) for {spent['body_bytes']} bytes in"
        f" {spent['messages']} messages, {spent['spans']} spans"
    )
    print(
        f"{found['bytes_per_exchange'] / 1024:.1f} KB an exchange over {found['turns']} turns (goal"
        f" {GOAL_BYTES // 1024}); second half / first half: {found['linear']:.2f}"
    )
    if found["litellm_bytes"]:
        each = found["litellm_bytes"] / found["turns"] / 1024
        print(
            f"LiteLLM's callback: {each:.1f} KB an exchange, {found['litellm_bytes'] / found['bytes']:.0f}x"
        )


if __name__ == "__main__":
    main()
