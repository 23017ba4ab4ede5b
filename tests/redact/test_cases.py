"""Kinds of secrets, each in its usual line, on the way that they really take: recorder, store, export.

``cases.json``: kind, line (``{}`` is where the value goes), value; all values are made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.streams import stream_of
from claude_lens.exact import dump
from claude_lens.recorder.frames import Arrival, Ending
from claude_lens.settings import load
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import open_sink
from claude_lens.store.transfer.exporting import jsonl
from tests.recorder.playing import Playing

CASES: Final = json.loads(Path(__file__).with_name("cases.json").read_text())
BARE: Final = {"card"}
"""Codes with neither a form nor a name: nobody can tell them from other numbers."""
BY_NAME: Final = {
    "mistral",
    "azure-openai",
    "plaid",
    "postmark",
    "npm-legacy",
    "snyk",
    "codecov",
    "snowflake-pw",
    "twitch",
    "algolia",
    "wireguard",
    "docker-auth",
    "auth-token-scheme",
    "curl-u",
    "x-api-key-curl",
    "jdbc",
    "json-password",
    "py-secret-key",
    "npmrc-password",
    "kubeconfig-key",
    "session-cookie",
}
SESSION: Final = "7d1f9a5e-0000-4000-8000-00000000cafe"


def lines() -> list[tuple[str, str, str]]:
    """Kind, line and value of every case."""
    return [(case["kind"], case["line"].format(case["value"]), case["value"].strip()) for case in CASES]


def conversation() -> tuple[dict[str, Any], dict[str, Any]]:
    """A request that says each line in a tool's result, and an answer that repeats it."""
    messages: list[dict[str, Any]] = []
    answer: list[dict[str, Any]] = []
    for number, (_, line, _) in enumerate(lines()):
        shown = f"     1\tbefore\n     2\t{line}\n     3\tbehind"
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "Read", "input": {"file_path": ".env"}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": shown}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
        answer.append({"type": "text", "text": line})
    body = {"model": "claude-x", "max_tokens": 9, "messages": messages}
    said = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": answer,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return body, said


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """All that is kept of the conversation: the export, and the files of the database."""
    home = tmp_path_factory.mktemp("cases")
    settings = load({"CLAUDE_LENS_HOME": str(home)})
    recorder = Playing(settings, {"store": open_sink})
    body, answer = conversation()
    headers = (("x-claude-code-session-id", SESSION),)
    arrived = Arrival(
        id="1", worker="w", arrived_at=1.0, endpoint="/v1/messages", headers=headers, body=dump(body)
    )
    recorder.handle(arrived)
    told = (("content-type", "text/event-stream"),)
    recorder.handle(Ending(id="1", status="ok", http_status=200, headers=told, body=stream_of(answer)))
    recorder.flush()
    recorder.close()
    with Reader(settings.database_url) as reader:
        export = b"".join(jsonl(reader, reader.session("last")["id"]))
    return export + b"".join(path.read_bytes() for path in home.iterdir() if path.is_file())


def remain(kept: bytes, kinds: set[str]) -> list[str]:
    written = [
        (kind, {value.encode(), json.dumps(value)[1:-1].encode()})
        for kind, _, value in lines()
        if kind in kinds
    ]
    return [kind for kind, forms in written if any(form in kept for form in forms)]


def test_what_has_a_form_is_gone(exported: bytes) -> None:
    fixed = {case["kind"] for case in CASES} - BY_NAME - BARE
    left = remain(exported, fixed)
    assert len(left) <= 0.05 * len(fixed), left


def test_what_has_a_name_is_gone(exported: bytes) -> None:
    left = remain(exported, BY_NAME)
    assert len(left) <= 0.10 * len(BY_NAME), left


def test_the_conversation_is_there(exported: bytes) -> None:
    assert exported.count(b"[redacted:") > 2 * len(CASES) - 20
    assert exported.count(b"     1\\tbefore") >= len(CASES)
    assert remain(exported, BARE) == sorted(BARE)
