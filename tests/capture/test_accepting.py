"""Who is let in where file descriptors are few, and how connections end when a successor serves."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from claude_lens.descriptors import SPARE
from tests.harness import Proxy
from tests.harness.proxy import KEY, until
from tests.upstream import Provider, always, held, say, slow, text

BODY = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 9,
    "stream": True,
    "messages": [{"role": "user", "content": "hi"}],
}
HEADERS = {"x-api-key": KEY, "content-type": "application/json", "anthropic-version": "2023-06-01"}
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
os.execv(sys.argv[1], sys.argv[1:])
"""
CLIENTS = 150


def ask(connection: http.client.HTTPConnection) -> tuple[str, str]:
    """One request: how it was answered, and what the answer says of the connection."""
    connection.request("POST", "/v1/messages", json.dumps(BODY), HEADERS)
    answer = connection.getresponse()
    whole = b"message_stop" in answer.read()
    return f"{answer.status} {'whole' if whole else 'cut'}", answer.headers.get("connection", "")


def crowd(port: int) -> Counter[str]:
    """Many clients at once, each over a connection that it keeps for two requests."""
    outcomes: Counter[str] = Counter()

    def client() -> None:
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            try:
                outcomes[ask(connection)[0]] += 1
            except (OSError, http.client.HTTPException) as error:
                outcomes[repr(error)] += 1
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize(("soft", "hard"), [(256, 4096), (128, 128)])
def test_many_clients_with_few_descriptors(tmp_path: Path, upstream: Provider, soft: int, hard: int) -> None:
    """A soft limit is raised; under a hard one they wait, and all are answered, LiteLLM loaded or not."""
    upstream.play(always(slow(say(text("all of it")), first=0.2)))
    proxy = Proxy(tmp_path / "lens home", upstream.url, CLAUDE_LENS_LITELLM="start")
    proxy.before = [sys.executable, "-c", LIMITED.format(soft=soft, hard=hard)]
    try:
        proxy.start(early=True)
        assert crowd(proxy.port) == {"200 whole": 2 * CLIENTS}
        until(proxy.ready, 120, lambda: proxy.log.read_text()[-2000:])
        told, log = proxy.status()["connections"], proxy.log.read_text()
        assert told["descriptors"] == hard
        if hard == 4096:
            assert told["waited"] == 0
            assert "file descriptors" not in log
        else:
            assert told["most"] == (hard - 64) // 2
            assert told["waited"] > 0
            assert f"{hard} file descriptors are all that the system allows" in log
            assert log.count("clients are connected, as many as") == 1
        proxy.settled(60)
        proxy.assert_sound()
        # Nobody is connected any more; connections to the provider are kept.
        assert proxy.descriptors() < SPARE + min(CLIENTS, told["most"])
    finally:
        proxy.close()


def test_a_crowd_makes_room(tmp_path: Path, upstream: Provider) -> None:
    """Where half of the places are taken, answers end their connection, so that idle ones block nobody."""
    upstream.play(always(say(text("all of it"))))
    with Proxy(tmp_path / "lens home", upstream.url, CLAUDE_LENS_TRANSPARENT="auto") as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        assert ask(connection) == ("200 whole", "")
        connection.close()
        # A successor: what runs is finished, and an idle connection is served once more.
        idle = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        assert ask(idle) == ("200 whole", "")
        finish = threading.Event()
        upstream.play(always(held(say(text("all of it")), finish)))
        running: list[tuple[str, str]] = []
        busy = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        thread = threading.Thread(target=lambda: running.append(ask(busy)))
        thread.start()
        until(lambda: len(upstream.calls) == 1, 30, lambda: "not asked")
        os.kill(proxy.child.popen.pid, signal.SIGUSR1)
        until(lambda: not proxy.health(), 30, lambda: "it still listens")
        upstream.play(always(say(text("all of it"))))
        assert ask(idle) == ("200 whole", "close")
        finish.set()
        thread.join()
        assert running == [("200 whole", "close")] or running == [("200 whole", "")]
        assert proxy.child.popen.wait(30) == 0
        idle.close()
        busy.close()
