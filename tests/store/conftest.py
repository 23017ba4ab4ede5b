"""Exchanges made by hand, shaped like those of Claude Code."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, text

from benchmarks.streams import stream_of
from claude_lens.exact import dump
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response, Usage
from claude_lens.store import database
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import SEARCH
from claude_lens.store.sink import StoreSink
from tests.harness.postgres import Postgres

Make = Callable[..., Exchange]
NewUrl = Callable[[str], str]

T0 = 1_760_000_000.0
HEADERS = (("content-type", "application/json"), ("authorization", "Bearer [redacted:ab12]"))
ANSWER_HEADERS = (("content-type", "text/event-stream"), ("request-id", "req_1"))


def body_of(*turns: str, model: str = "claude-opus-5-5") -> dict[str, Any]:
    """A request body after so many prompts: system blocks, tools, and a conversation with tool calls."""
    messages: list[dict[str, Any]] = []
    for index, prompt in enumerate(turns):
        if index:
            messages.append(answer_of(index - 1))
        reminder = [{"type": "text", "text": "<system-reminder>\nbe kind\n</system-reminder>"}]
        text = {"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}}
        if index < len(turns) - 1:
            del text["cache_control"]
        messages.append({"role": "user", "content": [*(reminder if index == 0 else []), text]})
    return {
        "model": model,
        "messages": messages,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329;"},
            {"type": "text", "text": "You are an agent. " * 50, "cache_control": {"type": "ephemeral"}},
        ],
        "tools": [{"name": name, "input_schema": {"type": "object"}} for name in ("Bash", "Read", "Agent")],
        "max_tokens": 128000,
        "metadata": {"user_id": '{"session_id":"s"}'},
        "stream": True,
    }


def answer_of(index: int) -> dict[str, Any]:
    """The assistant's message of a turn, as the next request sends it back."""
    use = {"type": "tool_use", "id": f"toolu_{index}", "name": "Bash", "input": {"command": f"echo {index}"}}
    return {"role": "assistant", "content": [{"type": "text", "text": f"answer {index}"}, use]}


def message_of(index: int) -> dict[str, Any]:
    """The whole answer of a turn, as the provider gives it."""
    return {
        "id": f"msg_{index}",
        "type": "message",
        **answer_of(index),
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 5},
    }


def answer_body(answer: dict[str, Any]) -> bytes:
    """A message as a stream, anything else as JSON."""
    is_message = "role" in answer and isinstance(answer.get("content"), list)
    return stream_of(answer) if is_message else dump(answer)


@pytest.fixture
def make() -> Make:
    """``make(body, answer, **fields)``, see :func:`maker`."""
    return maker()


def maker() -> Make:
    """``make(body, answer, **fields)``: a complete exchange; without an answer, one that has just arrived.

    ``session``, ``agent``, ``request_class``, ``at`` and ``raw`` (body bytes) are short for deeper fields.
    """
    numbers = itertools.count(1)

    def build(
        body: dict[str, Any] | None = None,
        answer: dict[str, Any] | None = None,
        *,
        session: str | None = "11111111-aaaa",
        agent: Agent | None = None,
        request_class: str | None = "main",
        project: str | None = "/home/me/app",
        at: float | None = None,
        raw: bytes | None = None,
        **fields: Any,
    ) -> Exchange:
        number = next(numbers)
        running = answer is None
        given: dict[str, Any] = {
            "id": f"{number:032x}",
            "worker": "elsewhere:1:1",
            "status": "running" if running else "ok",
            "http_status": None if running else 200,
            "lane": "transparent",
            "identity": Identity(
                session_id=session,
                prompt_id="prompt-1",
                request_class=request_class,
                project=project,
                branch="main",
                agent=agent or Agent(evidence="headers"),
            ),
            "model": Model(requested="claude-opus-5-5", routed="claude-opus-5-5", provider="anthropic"),
            "started_at": T0 + number if at is None else at,
            "request": Request(
                headers=HEADERS,
                query="beta=true",
                body=raw if raw is not None else orjson.dumps(body or {}),
                json=body,
            ),
        }
        if not running:
            given |= {
                "ttfb_ms": 120.5,
                "ttft_ms": 150.0,
                "duration_ms": 900.0,
                "usage": Usage(input_tokens=3, output_tokens=5, cache_read_input_tokens=100),
                "cost": Cost(usd=0.25, requested_usd=0.5, prices={"input_cost_per_token": 1e-5}),
                "stop_reason": "tool_use",
                "request_id": "req_1",
                "response": Response(headers=ANSWER_HEADERS, body=answer_body(answer or {}), json=answer),
            }
        return Exchange(**(given | fields))

    return build


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of the store run on both kinds of database, but for those about SQLite itself."""
    if "backend" in metafunc.fixturenames and not any(metafunc.definition.iter_markers("sqlite")):
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """``sqlite`` or ``postgresql``."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def new_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewUrl]:
    """``new_url(name)``: the address of one more database, with nothing in it."""
    server: Postgres | None = request.getfixturevalue("postgres") if backend == "postgresql" else None
    made: dict[str, str] = {}

    def address(name: str) -> str:
        if name not in made:
            made[name] = f"sqlite:///{tmp_path}/{name}.db" if server is None else server.fresh()
        return made[name]

    yield address
    for one in made.values():
        if server is not None:
            server.drop(one)


@pytest.fixture
def url(new_url: NewUrl) -> str:
    """The address of a database that does not exist yet, or has no more than its tables."""
    return new_url("home/lens")


def ask(url: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Rows of an SQL query, run beside the store."""
    return _run(url, statement, values)[0]


def change(url: str, statement: str, **values: Any) -> int:
    """Run an SQL statement beside the store, references unchecked; how many rows it changed."""
    return _run(url, statement, values)[1]


def _run(url: str, statement: str, values: dict[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
    engine = create_engine(database.parse(url))
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = replica"))
            found = connection.execute(text(statement), values)
            return ([tuple(row) for row in found], 0) if found.returns_rows else ([], found.rowcount)
    finally:
        engine.dispose()


@pytest.fixture
def sink(url: str) -> Iterator[StoreSink]:
    """A store to write to."""
    opened = StoreSink(url)
    yield opened
    opened.close()


@pytest.fixture
def reader(url: str) -> Iterator[Reader]:
    """A reader of the same database."""
    with Reader(url) as opened:
        yield opened


def indexed(url: str, *words: str) -> list[int]:
    """Contents that the search index has one of these words of; SQLite's index is checked besides."""
    if url.startswith("sqlite"):
        change(url, f"INSERT INTO {SEARCH}({SEARCH}) VALUES ('integrity-check')")
        query = f"SELECT rowid FROM {SEARCH} WHERE {SEARCH} MATCH :words"
    else:
        query = f"SELECT content FROM {SEARCH} WHERE words @@ CAST(:words AS tsquery)"
    sign = " OR " if url.startswith("sqlite") else " | "
    found = ask(url, query, words=sign.join(words)) if words else []
    return sorted(int(key) for (key,) in found)
