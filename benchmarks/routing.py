"""What routing adds to a request: ``python -m benchmarks.routing [--json]``.

Rules are asked about a 160 KB request in this process, over LiteLLM's own router and cache, as the proxy
does it before a request takes its way. Reported: microseconds, median and 99th percentile, for the main
agent, for a subagent that is known, and for a subagent's first request (its body is parsed, once for each
agent). Goal: at most 300 at the median of requests as they come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from claude_lens.agents.facts import Mark, Spawned

GOAL = 300.0
SIZE = 160_000
ROUNDS = 500
SESSION = "5c0ffee0-0000-4000-8000-000000000001"
PROMPT = "Review the code in a.py, please."


def body(prompt: str) -> bytes:
    """A request of about 160 KB, most of it conversation."""
    turn = {"type": "text", "text": "Some words about the code. " * 60}
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
    while len(json.dumps(messages)) < SIZE:
        messages += [{"role": "assistant", "content": [turn]}, {"role": "user", "content": [turn]}]
    return json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 32000, "messages": messages}).encode()


def headers(agent: str | None) -> list[tuple[bytes, bytes]]:
    """Headers as the client sends them, in number and length."""
    sent = [
        ("user-agent", "claude-cli/2.1.329 (external, cli)"),
        ("authorization", "Bearer sk-lens-0123456789"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("x-app", "cli"),
        ("x-claude-code-session-id", SESSION),
        ("x-claude-code-request-class", "subagent" if agent else "main"),
        *(
            ("x-stainless-" + name, "value")
            for name in ("arch", "lang", "os", "runtime", "timeout", "retry-count")
        ),
    ]
    if agent:
        sent += [("x-claude-code-agent-id", agent), ("x-claude-code-agent-type", "custom")]
    return [(name.encode(), value.encode()) for name, value in sent]


class Bench:
    """One worker's router with two rules and one known agent."""

    def __init__(self) -> None:
        from litellm import Router
        from litellm.caching.caching import DualCache
        from litellm.proxy import proxy_server

        from claude_lens.agents.detect import no_files
        from claude_lens.agents.routes import load
        from claude_lens.capture.agent_log import AgentLog
        from claude_lens.capture.asking import Asking
        from claude_lens.capture.routing import SubagentRouter

        claude = {"model_name": "claude-*", "litellm_params": {"model": "anthropic/claude-*"}}
        proxy_server.llm_router = Router(model_list=[claude])
        cache: Any = DualCache()
        self.log = AgentLog(lambda: cache)
        rules = {"OPENAI_API_KEY": "sk", "SUBAGENT_MAPPINGS": "code-reviewer:openai:gpt-4o,tester:o3"}
        self.router = SubagentRouter(load(None, rules), Asking(self.log, no_files, strict=True))
        self.body = body(PROMPT)
        self.count = 0

    def spawn(self, number: int) -> Spawned:
        """The call of one more subagent."""
        return Spawned(tool_use_id=f"t{number}", name="code-reviewer", prompt=Mark.of(PROMPT))

    async def one(self, agent: str | None) -> float:
        """Microseconds for one request."""
        from claude_lens.capture.inflight import InFlight

        async def send(_message: Any) -> None:
            """Nobody listens."""

        flight = InFlight(
            endpoint="/v1/messages",
            query="",
            headers=headers(agent),
            body=self.body,
            put=lambda _: None,
            worker="w",
            requested_model="claude-sonnet-4-5",
        )
        began = time.perf_counter()
        await self.router.consider(flight, send)
        took = (time.perf_counter() - began) * 1e6
        assert (flight.target is None) is (agent is None)
        return took

    async def fresh(self) -> float:
        """The first request of an agent that was just called for."""
        self.count += 1
        await self.log.add(SESSION, [self.spawn(self.count)])
        return await self.one(f"a{self.count}")

    async def measure(self, what: Callable[[], Any]) -> dict[str, float]:
        """Median and 99th percentile."""
        for _ in range(20):
            await what()
        times = sorted([await what() for _ in range(ROUNDS)])
        return {
            "p50_us": round(statistics.median(times), 1),
            "p99_us": round(times[int(len(times) * 0.99)], 1),
        }


async def run() -> dict[str, dict[str, float]]:
    """All three measurements."""
    bench = Bench()
    return {
        "main agent": await bench.measure(lambda: bench.one(None)),
        "known subagent": await _known(bench),
        "first request of a subagent": await bench.measure(bench.fresh),
    }


async def _known(bench: Bench) -> dict[str, float]:
    await bench.fresh()
    return await bench.measure(lambda: bench.one("a1"))


def main() -> None:
    """Print a table, or JSON; exit code 1 where the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing")
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    found = asyncio.run(run())
    if as_json:
        print(json.dumps({"goal_us": GOAL, **found}))
    else:
        for name, times in found.items():
            print(f"{name:<30} p50 {times['p50_us']:8.1f} µs   p99 {times['p99_us']:8.1f} µs")
    usual = max(found[name]["p50_us"] for name in ("main agent", "known subagent"))
    raise SystemExit(usual > GOAL)


if __name__ == "__main__":
    main()
