"""A long steady load of every kind: memory and file descriptors stay flat, and every request is on record.

``python -m benchmarks.soak [--minutes 10] [--rate 20] [--json] [--write]``: streams of several lengths, whole
answers, refusals, cuts, clients that leave, and token counts, a quarter of them through LiteLLM's pipeline.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import page
from tests.harness import Proxy
from tests.harness.processes import ROOT
from tests.upstream import Call, Provider, Reply, cut_after, error, say, slow, text, thinking, tool_use

GROWTH = 0.05
SAMPLE = 2.0
BYTE = "claude-opus-5-5"
TRANSLATED = "through-litellm"
WORDS = "the quick brown fox jumps over the lazy dog. "


def _leaves(stream: bool) -> Reply:
    return slow(say(text(WORDS * 4, pieces=20)), between=0.25, after=4) if stream else say(text("too quick"))


KINDS: dict[str, Callable[[], Reply]] = {
    "short": lambda: say(thinking("hm"), text(WORDS)),
    "long": lambda: say(text(WORDS * 200, pieces=400)),
    "tool": lambda: say(tool_use("Bash", {"command": "ls " * 50})),
    "slow": lambda: slow(say(text(WORDS)), first=0.5, between=0.1),
    "refused": lambda: error(529, "Overloaded", (("retry-after", "1"),)),
    "cut": lambda: cut_after(say(text(WORDS)), 4),
    "leaves": lambda: _leaves(True),
    "whole": lambda: say(text(WORDS)),
    "count": lambda: say(text("unused")),
}


@dataclass(slots=True)
class Sample:
    """One look at the processes: seconds since the start, resident bytes and descriptors by process."""

    at: float
    memory: dict[str, int]
    files: dict[str, int]


@dataclass(slots=True)
class Result:
    """What a soak found."""

    seconds: float
    sent: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    recorded: int = 0
    dropped: int = 0
    faults: dict[str, Any] = field(default_factory=dict)

    def growth(self, process: str, since: int = 2) -> float:
        """Mean resident size of the last tenth over that of the tenth with that number, less one."""
        tenth = self.seconds / 10

        def mean(first: float, last: float) -> float:
            found = [sample.memory[process] for sample in self.samples if first <= sample.at < last]
            return sum(found) / len(found)

        return mean(9 * tenth, self.seconds + SAMPLE * 5) / mean((since - 1) * tenth, since * tenth) - 1

    def more_files(self, process: str) -> int:
        """Descriptors at the end, idle again, beyond those at the start."""
        return self.samples[-1].files[process] - self.samples[0].files[process]

    def processes(self) -> list[str]:
        """Their names."""
        return list(self.samples[0].memory)

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "seconds": round(self.seconds),
            "requests": sum(self.sent.values()),
            "kinds": dict(self.sent),
            "recorded": self.recorded,
            "dropped": self.dropped,
            "failed": dict(self.failed),
            "faults": self.faults,
            "growth": {name: round(self.growth(name), 4) for name in self.processes()},
            "more_files": {name: self.more_files(name) for name in self.processes()},
            "megabytes": {name: round(size / 2**20) for name, size in self.samples[-1].memory.items()},
        }


def script(call: Call) -> Reply:
    """The answer that the request's own text asks for."""
    kind = next((kind for kind in KINDS if f"kind={kind}." in call.prompts[-1]), "short")
    return KINDS[kind]()


def body(kind: str, number: int, model: str) -> dict[str, Any]:
    """A request of that kind, unlike any other, of 2 to 200 KB."""
    size = random.Random(number).choice((20, 200, 4000))
    turns = [
        {"role": "user", "content": f"{number} {WORDS * size}"},
        {"role": "assistant", "content": "Yes?"},
    ]
    asked = {"role": "user", "content": f"kind={kind}. number={number}"}
    stream = kind not in ("whole", "count")
    return {"model": model, "max_tokens": 99, "stream": stream, "messages": [*turns, asked]}


async def soak(proxy: Proxy, seconds: float, rate: float) -> Result:
    """Load ``proxy`` for that long, sampling its processes."""
    result, started = Result(seconds), time.monotonic()
    processes = _processes(proxy)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=proxy.url, limits=limits, timeout=60) as client:
        result.samples.append(_sample(0.0, processes))
        running: set[asyncio.Task[None]] = set()
        looked = 0.0
        for number in itertools.count():
            now = time.monotonic() - started
            if now >= seconds:
                break
            if now - looked >= SAMPLE:
                result.samples.append(_sample(now, processes))
                looked = now
            kind = list(KINDS)[number % len(KINDS)]
            running.add(task := asyncio.create_task(_ask(client, proxy, kind, number, result)))
            task.add_done_callback(running.discard)
            await asyncio.sleep(max(0.0, (number + 1) / rate - (time.monotonic() - started)))
        await asyncio.gather(*running)
    await asyncio.to_thread(proxy.settled, 60.0)
    await asyncio.sleep(1.0)
    result.samples.append(_sample(time.monotonic() - started, processes))
    recording = proxy.status()["recording"]
    result.recorded, result.dropped = recording["recorded"], recording["dropped"]
    result.faults = recording["faults"]
    return result


async def _ask(client: httpx.AsyncClient, proxy: Proxy, kind: str, number: int, result: Result) -> None:
    model = TRANSLATED if number % 4 == 3 else BYTE
    path = "/v1/messages/count_tokens" if kind == "count" else "/v1/messages"
    headers = {
        "x-api-key": proxy.key,
        "x-claude-code-session-id": f"00000000-0000-4000-8000-{number % 40:012d}",
    }
    result.sent[kind] += 1
    try:
        sent = body(kind, number, model)
        async with client.stream("POST", path, json=sent, headers=headers) as answer:
            async for _ in answer.aiter_bytes():
                if kind == "leaves":
                    return
        expected = 529 if kind == "refused" else 200
        if answer.status_code != expected and kind != "cut":
            result.failed[f"{kind}: status {answer.status_code}"] += 1
        elif kind == "cut" and answer.status_code == 200:
            result.failed["cut: not seen"] += 1
    except httpx.HTTPError as cut:
        if kind != "cut":
            result.failed[f"{kind}: {type(cut).__name__}"] += 1


def _processes(proxy: Proxy) -> dict[str, psutil.Process]:
    top = psutil.Process(proxy.child.popen.pid)
    (recorder,) = top.children(recursive=True)
    return {"proxy": top, "recorder": recorder}


def _sample(at: float, processes: dict[str, psutil.Process]) -> Sample:
    return Sample(
        at,
        {name: process.memory_info().rss for name, process in processes.items()},
        {name: process.num_fds() for name, process in processes.items()},
    )


def configuration(folder: Path) -> Path:
    """Ours, and one model more that LiteLLM has to map, so that its pipeline is under load as well."""
    entry = (
        f"  - model_name: {TRANSLATED}\n    litellm_params:\n      model: anthropic/{BYTE}\n"
        "      api_base: os.environ/ANTHROPIC_FORWARD_URL\n"
    )
    text_ = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8")
    path = folder / "litellm_config.yaml"
    path.write_text(text_.replace("model_list:\n", f"model_list:\n{entry}", 1), encoding="utf-8")
    (folder / "callbacks").symlink_to(ROOT / "callbacks")
    return path


def run(folder: Path, seconds: float, rate: float) -> Result:
    """A soak against a proxy of its own."""
    with Provider() as provider:
        provider.play(script)
        with Proxy(folder / "home", provider.url, configuration(folder)) as proxy:
            result = asyncio.run(soak(proxy, seconds, rate))
    return result


def problems(told: dict[str, Any]) -> list[str]:
    """What is not as it should be, in words."""
    found = [f"{name} grew by {size:.1%}" for name, size in told["growth"].items() if size > GROWTH]
    found += [f"{name} kept {count} more files" for name, count in told["more_files"].items() if count > 25]
    if told["recorded"] != told["requests"] or told["dropped"]:
        found.append(f"{told['requests']} sent, {told['recorded']} recorded, {told['dropped']} dropped")
    return [
        *found,
        *(f"{count} x {what}" for what, count in told["failed"].items()),
        *map(str, told["faults"]),
    ]


def render(told: dict[str, Any]) -> str:
    """The section of the page."""
    growth = ", ".join(f"{name} {size:+.1%}" for name, size in told["growth"].items())
    files = ", ".join(f"{name} {count:+d}" for name, count in told["more_files"].items())
    memory = ", ".join(f"{name} {size} MB" for name, size in told["megabytes"].items())
    return "\n".join(
        [
            "## A long run",
            "",
            f"`python -m benchmarks.soak --write`; {page.machine()}.",
            "",
            f"{told['requests']} requests in {told['seconds']} s ({', '.join(told['kinds'])}),",
            "a quarter of them through LiteLLM's pipeline:",
            f"{told['recorded']} recorded, {told['dropped']} dropped.",
            f"Memory of the last tenth over the second: {growth} (goal: {GROWTH:+.0%}); at the end {memory}.",
            f"Open files at the end beyond those at the start: {files}.",
            f"Problems: {'; '.join(problems(told)) or 'none'}.",
        ]
    )


def main() -> int:
    """Exit code 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = run(Path(folder), chosen.minutes * 60, chosen.rate).told()
    print(json.dumps(told, indent=1) if chosen.json else render(told))
    if chosen.write:
        page.write("soak", render(told))
    return 1 if problems(told) else 0


if __name__ == "__main__":
    sys.exit(main())
