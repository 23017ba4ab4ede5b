"""A million exchanges in five thousand sessions: how fast the questions are that people ask of it.

``--build FILE`` makes the database (slow; kept), ``--ask FILE`` measures; without either, both, and the
table goes into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import psutil

from benchmarks import page as results
from benchmarks.conversation import Conversation
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response, Usage
from claude_lens.store.numbers.stats import stats
from claude_lens.store.numbers.tool_stats import tools
from claude_lens.store.reading.filters import Filter, page
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.rows import Item
from claude_lens.store.writing.writer import Writer

EXCHANGES: Final = 1_000_000
SESSIONS: Final = 5_000
LONG: Final = 500
DAYS: Final = 90
NOW: Final = 1_790_000_000.0
GOAL_MS: Final = 100.0
STATS_GOAL_MS: Final = 300.0
MEMORY_GOAL_MB: Final = 200.0
_MODELS = ("claude-opus-5-5", "claude-sonnet-5", "claude-haiku-5", "gpt-5")
_AGENTS = (
    Agent(evidence="headers"),
    Agent(id="a1", type="Explore"),
    Agent(id="a2", type="custom", name="reviewer"),
)
_TOOLS = ("Bash", "Read", "Edit", "Grep", "WebFetch", "TodoWrite", "mcp__github__search")
# A conversation of this many turns, then it is compacted: bodies stay short, and building takes minutes.
_TURNS = 20


class _Session:
    """The exchanges of one session, each with a body that grows until it is compacted."""

    def __init__(self, number: int, count: int, turns: int) -> None:
        self._random = random.Random(number)
        self._number, self._count, self._turns = number, count, turns
        self._start = NOW - DAYS * 86400 * (1 - number / SESSIONS)

    def __iter__(self) -> Iterator[Exchange]:
        messages: list[dict[str, Any]] = []
        for index in range(self._count):
            if index % self._turns == 0:
                messages = [_user(f"session {self._number} begins {_text(self._random, 30)}")]
            use = _use(self._number, index, self._random)
            answer = {
                "role": "assistant",
                "content": [{"type": "text", "text": _text(self._random, 25)}, use],
            }
            body = {
                "model": _MODELS[0],
                "system": _SYSTEM,
                "tools": _DEFINITIONS,
                "messages": list(messages),
                "max_tokens": 32000,
                "stream": True,
            }
            yield self._exchange(index, body, answer)
            rare = " zyxgrunfticht" if self._random.random() < 1e-5 else ""
            result = {
                "type": "tool_result",
                "tool_use_id": use["id"],
                "content": _text(self._random, 40) + rare,
            }
            messages += [answer, {"role": "user", "content": [result]}]

    def _exchange(self, index: int, body: dict[str, Any], answer: dict[str, Any]) -> Exchange:
        chance = self._random
        agent = _AGENTS[min(2, index // self._turns % 5)] if self._turns < LONG else _AGENTS[0]
        failed = chance.random() < 0.01
        model = chance.choices(_MODELS, (6, 3, 2, 1))[0]
        return Exchange(
            id=f"{self._number:016x}{index:016x}",
            worker="bench:1:1",
            status="error" if failed else "ok",
            http_status=529 if failed else 200,
            lane="transparent",
            identity=Identity(
                session_id=f"{self._number:08x}-0000-4000-8000-000000000000",
                prompt_id=f"prompt-{index // 10}",
                request_class="main" if agent.id is None else "subagent",
                project=f"/home/me/project-{self._number % 40}",
                branch=("main", "next")[self._number % 2],
                tool_durations_ms=(("Bash", chance.randint(5, 5000)),),
                agent=agent,
            ),
            model=Model(
                requested=_MODELS[0], routed=model, provider="openai" if model == "gpt-5" else "anthropic"
            ),
            started_at=self._start + index * 40.0,
            ttfb_ms=chance.uniform(200, 900),
            ttft_ms=chance.uniform(400, 2500),
            duration_ms=chance.uniform(2000, 30_000),
            usage=None
            if failed
            else Usage(
                input_tokens=5,
                output_tokens=chance.randint(20, 900),
                cache_read_input_tokens=40_000 + 300 * (index % self._turns),
                cache_creation_input_tokens=300,
                cache_creation_5m_input_tokens=300,
            ),
            cost=Cost(usd=0.0 if failed else chance.random() / 10, prices={"input_cost_per_token": 5e-06}),
            stop_reason="tool_use",
            request_id=f"req_{self._number:08x}{index:08x}",
            request=Request(headers=(("content-type", "application/json"),), body=b"{}", json=body),
            response=Response(body=b"event: x", json={"type": "message", **answer}),
        )


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def _use(session: int, index: int, chance: random.Random) -> dict[str, Any]:
    tool = chance.choices(_TOOLS, (9, 8, 5, 4, 1, 1, 1))[0]
    return {
        "type": "tool_use",
        "id": f"toolu_{session}_{index}",
        "name": tool,
        "input": {"q": _text(chance, 6)},
    }


def _text(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(_WORDS, _WEIGHTS, k=count)) + " the"


_vocabulary = Conversation(3)
_WORDS: Final = sorted(set(_vocabulary.text(60_000).split()))
_WEIGHTS: Final = [1 / (rank + 3) for rank in range(len(_WORDS))]
_SYSTEM: Final = [{"type": "text", "text": _vocabulary.text(2000)}]
_DEFINITIONS: Final = [{"name": name, "description": _vocabulary.text(200)} for name in _TOOLS]


def build(file: Path, exchanges: int, sessions: int) -> float:
    """Write the database; seconds it took. The first session has 500 turns in one conversation."""
    start = time.perf_counter()
    writer = Writer(f"sqlite:///{file}")
    batch: list[Item] = []
    rest = -(-(exchanges - LONG) // (sessions - 1))
    for number in range(sessions):
        session = _Session(number, LONG, LONG) if number == 0 else _Session(number, rest, _TURNS)
        batch += [Item(one) for one in session]
        if len(batch) >= 4000:
            writer.write(batch)
            batch = []
            _progress(f"{number + 1}/{sessions} sessions, {time.perf_counter() - start:.0f} s")
    writer.write(batch)
    writer.close()
    return time.perf_counter() - start


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


def ask(file: Path, times: int) -> dict[str, Any]:
    """p50 and p95 of each question in ms, and the reader's memory in MB, in a process of its own."""
    process = psutil.Process()
    base = process.memory_info().rss
    rows: dict[str, list[float]] = {}
    with Reader(f"sqlite:///{file}") as reader:
        for name, question in _questions(reader).items():
            question()
            took = []
            for _ in range(times):
                start = time.perf_counter()
                question()
                took.append((time.perf_counter() - start) * 1000)
            rows[name] = took
        with reader.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM exchanges").scalar()
    gc.collect()
    return {
        "exchanges": count,
        "file_gb": file.stat().st_size / 1e9,
        "memory_mb": process.memory_info().rss / 1e6,
        "grown_mb": (process.memory_info().rss - base) / 1e6,
        "ms": {
            name: {"p50": statistics.median(took), "p95": sorted(took)[max(0, int(len(took) * 0.95) - 1)]}
            for name, took in rows.items()
        },
    }


def _questions(reader: Reader) -> dict[str, Callable[[], object]]:
    month = NOW - 30 * 86400

    def on(action: Callable[[Any], object]) -> Callable[[], object]:
        def run() -> object:
            with reader.connect() as connection:
                return action(connection)

        return run

    long = "00000000-0000-4000-8000-000000000000"
    return {
        "newest page of exchanges": on(lambda c: page(c, Filter())),
        "newest page of sessions": lambda: reader.sessions(50),
        "exchanges of one agent": on(lambda c: page(c, Filter(agent="reviewer"))),
        "errors of one model": on(lambda c: page(c, Filter(status="error", model="gpt-5"))),
        "one project, newest": on(lambda c: page(c, Filter(project="/home/me/project-7"))),
        "dearest exchanges": on(lambda c: page(c, Filter(), sort="cost")),
        "exchanges with a tool": on(lambda c: page(c, Filter(tool="WebFetch"))),
        f"a session of {LONG} turns": lambda: (
            reader.session(long),
            reader.agents(long),
            reader.exchanges(long),
        ),
        "search, a word in every message": on(lambda c: search(c, parse("the"))),
        "search, a word in ten of a million": on(lambda c: search(c, parse("zyxgrunfticht"))),
        "search, a phrase": on(lambda c: search(c, parse('"session 77 begins"'))),
        "numbers of 30 days": on(lambda c: stats(c, Filter(since=month))),
        "numbers of 30 days by day": on(lambda c: stats(c, Filter(since=month), by="day")),
        "numbers of 30 days by model": on(lambda c: stats(c, Filter(since=month), by="model")),
        "tools of 30 days": on(lambda c: tools(c, Filter(since=month))),
    }


def table(found: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "## A store of a million exchanges",
        "",
        "`python -m benchmarks.store_million`: "
        f"{SESSIONS:,} sessions over {DAYS} days, 40 projects, three agents, four models.",
        "",
        "| question | p50 ms | p95 ms | goal |",
        "|---|---:|---:|---:|",
    ]
    for name, took in found["ms"].items():
        goal = STATS_GOAL_MS if "30 days" in name else GOAL_MS
        lines.append(f"| {name} | {took['p50']:.1f} | {took['p95']:.1f} | {goal:.0f} |")
    lines += [
        "",
        f"{found['exchanges']:,} exchanges, {found['file_gb']:.2f} GB on disk; the reading process took "
        f"{found['memory_mb']:.0f} MB in all (goal {MEMORY_GOAL_MB:.0f}). "
        f"{results.machine()}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Build, ask, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--ask", type=Path)
    parser.add_argument("--exchanges", type=int, default=EXCHANGES)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="with --ask: put the table into the page")
    chosen = parser.parse_args()
    if chosen.build:
        print(f"built in {build(chosen.build, chosen.exchanges, chosen.sessions):.0f} s")
        return
    if chosen.ask:
        found = ask(chosen.ask, chosen.times)
        print(json.dumps(found))
        if chosen.write:
            results.write("store-million", table(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lens.db"
        build(file, chosen.exchanges, chosen.sessions)
        again = [
            sys.executable,
            "-m",
            "benchmarks.store_million",
            "--ask",
            str(file),
            "--times",
            str(chosen.times),
        ]
        found = orjson.loads(subprocess.run(again, check=True, capture_output=True).stdout)
    print(table(found))
    results.write("store-million", table(found))


if __name__ == "__main__":
    main()
