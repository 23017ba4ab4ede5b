from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from claude_lens.errors import HostError
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.driving import Driver
from claude_lens.replay.outcome import Outcome
from claude_lens.replay.record import Record, read
from claude_lens.replay.server import Plan, Server
from claude_lens.store.reading.queries import Reader
from tests.replay.conftest import SESSION

# A client that sends what it is given as its prompt, once.
CLIENT = """#!/bin/sh
"exec" "{python}" "$0" "$@"
import json, os, sys, time, urllib.request
if os.environ.get("SLEEP"): time.sleep(60)
said = sys.argv[-1]
body = {{"model": "m", "messages": [{{"role": "user", "content": said}}], "stream": True}}
body["tools"] = [{{"name": "Bash"}}]
headers = {{"x-claude-code-session-id": "s1", "user-agent": "claude-cli/2.1.332"}}
request = urllib.request.Request(os.environ["URL"] + "/v1/messages", json.dumps(body).encode(), headers)
if said != "again": print(urllib.request.urlopen(request).read().decode())
"""


@pytest.fixture
def record(stored: Reader) -> Record:
    with stored.connect() as connection:
        return read(connection, SESSION, Comparing())


def driver(record: Record, server: Server, folder: Path, **environ: str) -> Driver:
    program = folder / "claude"
    program.write_text(CLIENT.format(python=sys.executable))
    program.chmod(0o755)
    return Driver(
        program=str(program),
        server=server,
        record=record,
        folder=folder,
        settings_file=folder / "settings.json",
        environ=lambda _: {**os.environ, "URL": server.url, **environ},
        idle=1.0,
    )


def test_each_prompt_is_a_process(record: Record, stored: Reader, tmp_path: Path) -> None:
    plan = Plan(record=record, comparing=Comparing(), tools=None, paced=False)
    with Server(stored, plan, Outcome(SESSION)) as server:
        found = driver(record, server, tmp_path)
        assert found.run(record.prompts[:1]) == 0, (tmp_path / "err").read_text()
        assert "looking" in found.said
        assert server.seen.session_id == "s1"
        with pytest.raises(HostError, match="asked for nothing"):
            found.run(record.prompts[1:])


def test_a_client_that_hangs_is_ended(record: Record, stored: Reader, tmp_path: Path) -> None:
    plan = Plan(record=record, comparing=Comparing(), tools=None, paced=False)
    with Server(stored, plan, Outcome(SESSION)) as server:
        found = driver(record, server, tmp_path, SLEEP="1")
        with pytest.raises(HostError, match="has asked nothing for 1 s"):
            found.run(record.prompts)
