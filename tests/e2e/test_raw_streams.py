"""What the client got is what ``lensctl show --raw`` gives back, byte for byte, through both lanes."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import httpx
import pytest

from tests.harness import Proxy
from tests.harness.client import MODEL
from tests.upstream import (
    Provider,
    Reply,
    always,
    cut_after,
    error_after,
    resized,
    say,
    slow,
    text,
    thinking,
    tool_use,
    zipped,
)

pytestmark = pytest.mark.slow

RICH = say(
    thinking('Let me "think" é 日本 \U0001f600.'),
    text("Hello é 日本 \U0001f600.\n\n" * 40, 60),
    tool_use("Bash", {"command": 'echo "a\\b" \u2028', "list": [1, 2.5, None]}),
)


# What is cut before any of it was passed on is no stream to LiteLLM, but an error of its own.
CUT = cut_after(slow(RICH, between=0.3, after=9), 11)


def got(proxy: Proxy, session: str, stop_after: int | None = None) -> bytes:
    """The decoded bytes of an answer, as far as they came; the client leaves after so many of them."""
    body = {"model": MODEL, "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": proxy.key, "x-claude-code-session-id": session}
    seen = b""
    with httpx.stream("POST", proxy.url + "/v1/messages", json=body, headers=headers, timeout=60) as answer:
        try:
            for chunk in answer.iter_bytes():
                seen += chunk
                if stop_after is not None and len(seen) >= stop_after:
                    break
        except httpx.RemoteProtocolError:
            pass
    return seen


def raw(proxy: Proxy, exchange: str) -> subprocess.CompletedProcess[bytes]:
    """``lensctl show EXCHANGE --raw``."""
    command = [sys.executable, "-P", "-m", "claude_lens.cli", "show", exchange, "--raw"]
    return subprocess.run(command, env=proxy.environment, cwd=proxy.home, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    "reply",
    [RICH, zipped(RICH), resized(RICH, 7), error_after(RICH, 9), CUT],
    ids=["whole", "zipped", "resized", "error", "cut"],
)
def test_the_bytes_are_those_that_the_client_got(proxy: Proxy, upstream: Provider, reply: Reply) -> None:
    upstream.play(always(reply))
    session = str(uuid.uuid4())
    seen = got(proxy, session)
    proxy.settled()
    (one,) = proxy.show(session)["exchanges"]
    found = raw(proxy, one["id"])

    assert found.returncode == 0, found.stderr
    assert found.stdout == seen
    assert seen.count(b"content_block_delta") > 2


def test_nothing_stored_is_damaged(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(always(RICH))
    got(proxy, str(uuid.uuid4()))
    proxy.settled()
    report = json.loads(proxy.lensctl("verify", "--json").stdout)
    assert report["sound"], report
    assert report["streams"] > 0


def test_a_client_that_leaves_leaves_what_it_got(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(always(RICH))
    session = str(uuid.uuid4())
    seen = got(proxy, session, stop_after=1500)
    proxy.settled()
    (one,) = proxy.show(session)["exchanges"]
    assert raw(proxy, one["id"]).stdout.startswith(seen[:1000])
