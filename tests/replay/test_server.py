from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from claude_lens.redact import Redactor
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.outcome import Outcome
from claude_lens.replay.record import read
from claude_lens.replay.server import HOOK, Plan, Server
from claude_lens.replay.tools import Tools
from claude_lens.store.reading.queries import Reader
from tests.replay.conftest import ANSWERS, ASKED, BASH, ERROR, SESSION, body, stream_of, text, user

HEADERS = {"user-agent": "claude-cli/2.1.332 (external, sdk-cli)", "x-claude-code-session-id": "new"}


@contextmanager
def serving(reader: Reader, folder: Path, paced: bool = False) -> Iterator[Server]:
    comparing = Comparing()
    with reader.connect() as connection:
        record = read(connection, SESSION, comparing)
    tools = Tools(folder)
    tools.use(record.calls, record.results)
    plan = Plan(record=record, comparing=comparing, tools=tools, paced=paced)
    with Server(reader, plan, Outcome(SESSION)) as server:
        yield server


def post(server: Server, request: dict[str, Any], path: str = "/v1/messages", **more: str) -> httpx.Response:
    return httpx.post(f"{server.url}{path}?beta=true", json=request, headers={**HEADERS, **more}, timeout=20)


def test_a_session_is_answered_byte_for_byte(stored: Reader, tmp_path: Path) -> None:
    with serving(stored, tmp_path) as server:
        assert not server.all_before(1)
        first = post(server, ASKED[0])
        assert (first.status_code, first.content) == (200, stream_of(ANSWERS[0]))
        assert first.headers["request-id"] == "req_1"
        failed = post(server, ASKED[1])
        assert (failed.status_code, failed.json()) == (529, ERROR)
        assert post(server, ASKED[2]).content == stream_of(ANSWERS[2])
        assert post(server, ASKED[3]).content == stream_of(ANSWERS[3])
        assert server.seen.session_id == "new"
        assert server.quiet_for() > 0
    told = server.outcome.told()
    assert (told["matched"], told["diverged"], told["unused"], told["exit_code"]) == (4, [], 0, 0)
    assert len(told["unused_requests"]) == 1, "the title"


def test_a_divergence_is_named_and_the_answer_is_the_recorded_one(stored: Reader, tmp_path: Path) -> None:
    with serving(stored, tmp_path) as server:
        assert post(server, body(user(text("look here")))).content == stream_of(ANSWERS[0])
        after = post(server, body(*ASKED[3]["messages"], user(text("more"))))
        assert after.status_code == 529
        for _ in range(2):
            post(server, ASKED[3])
        assert b"no further answer" in post(server, ASKED[3]).content
    diverged = server.outcome.diverged
    assert (diverged[0]["turn"], diverged[0]["part"]) == (1, "messages[0]")
    assert "look here" in diverged[0]["difference"]
    assert diverged[-1]["exchange_id"] is None


def test_counts_and_helpers_that_the_record_has_not(stored: Reader, tmp_path: Path) -> None:
    with serving(stored, tmp_path) as server:
        count = post(server, ASKED[0], "/v1/messages/count_tokens")
        assert count.json()["input_tokens"] > 1
        title = body(user(text("<session>x</session> Write the title")), tools=False)
        assert post(server, title).status_code == 200, "another title is the recorded one"
        assert post(server, title).status_code == 400
        assert httpx.get(f"{server.url}/v1/models").status_code == 404
        assert httpx.head(f"{server.url}/").status_code == 200
        assert post(server, {}, "/v1/elsewhere").status_code == 404
        broken = httpx.post(f"{server.url}/v1/messages", content=b"{")
        assert broken.status_code == 400
    assert server.outcome.diverged == []


def test_hooks(stored: Reader, tmp_path: Path) -> None:
    event = {"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_use_id": BASH["id"]}
    with serving(stored, tmp_path) as server:
        told = httpx.post(server.url + HOOK, json=event).json()
    assert told["hookSpecificOutput"]["updatedToolOutput"]["stdout"] == "a.txt"


def test_a_secret_is_the_mark_that_stands_for_it(stored: Reader, tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    with serving(stored, tmp_path) as server:
        server.plan.redactor, server.plan.record.redacted = Redactor(), True
        post(server, body(user(text(f"the token is {secret}"))))
    told = str(server.outcome.told())
    assert secret not in told
    assert "[redacted:" in told


def test_a_first_request_that_differs_may_stop_it(stored: Reader, tmp_path: Path) -> None:
    with serving(stored, tmp_path) as server:
        server.plan.stops_at_first = True
        assert post(server, body(user(text("look here")))).status_code == 400
        assert server.stopped
    assert server.outcome.diverged == []
