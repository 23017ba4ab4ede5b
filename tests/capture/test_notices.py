"""A command and a webhook get their JSON."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path

import pytest

from claude_lens.capture import notices
from claude_lens.capture.notices import NoticeError
from tests.upstream import Provider, always, raw

TOLD = {"event": "warn", "rule": "agent:x/day"}


def test_a_command_reads_it_from_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "out put"
    code = f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())"
    asyncio.run(notices.run(shlex.join([sys.executable, "-c", code]), TOLD))
    assert json.loads(out.read_text()) == TOLD


@pytest.mark.parametrize("command", ["/no/such/program", "'", f"{sys.executable} -c 'raise SystemExit(3)'"])
def test_a_command_that_fails(command: str) -> None:
    with pytest.raises(NoticeError, match=r"notify\.command"):
        asyncio.run(notices.run(command, TOLD))


def test_a_command_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "TIMEOUT", 0.2)
    with pytest.raises(NoticeError, match="took more than"):
        asyncio.run(notices.run(shlex.join([sys.executable, "-c", "import time; time.sleep(60)"]), TOLD))


def test_a_webhook(upstream: Provider) -> None:
    upstream.play(always(raw(b"{}")))
    asyncio.run(notices.post(upstream.url + "/v1/messages", TOLD))
    assert upstream.requests[-1].json == TOLD
    upstream.play(always(raw(b"{}", status=500)))
    with pytest.raises(NoticeError, match="answered 500"):
        asyncio.run(notices.post(upstream.url + "/v1/messages", TOLD))
    with pytest.raises(NoticeError, match=r"notify\.webhook"):
        asyncio.run(notices.post("http://127.0.0.1:1/x", TOLD))
