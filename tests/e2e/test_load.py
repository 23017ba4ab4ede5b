"""Many requests at once, large ones, and a proxy that dies among them."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.harness import Proxy, until
from tests.harness.client import MODEL
from tests.upstream import Call, Provider, Reply, always, say, slow, text

pytestmark = pytest.mark.slow


def body(prompt: Any, **more: Any) -> dict[str, Any]:
    """A small streamed request."""
    message = {"role": "user", "content": prompt}
    return {"model": MODEL, "max_tokens": 64, "stream": True, "messages": [message], **more}


def echo(call: Call) -> Reply:
    """Answer with the prompt, so that a mix-up of answers shows."""
    return slow(say(text(f"you said {call.prompts[0]}", pieces=5)), between=0.02)


def headers(proxy: Proxy, session: str) -> dict[str, str]:
    """What Claude Code sends of its identity."""
    return {
        "x-api-key": proxy.key,
        "anthropic-version": "2023-06-01",
        "x-claude-code-session-id": session,
    }


@pytest.mark.smoke
def test_two_hundred_streams_at_once(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(echo)
    session, count = str(uuid.uuid4()), 200

    async def one(client: httpx.AsyncClient, number: int) -> str:
        sent = body(f"number {number:04d}")
        async with client.stream("POST", "/v1/messages?beta=true", json=sent) as answer:
            assert answer.status_code == 200, await answer.aread()
            return "".join([part async for part in answer.aiter_text()])

    async def everyone() -> list[str]:
        limits = httpx.Limits(max_connections=count)
        given = {"base_url": proxy.url, "headers": headers(proxy, session), "timeout": 120, "limits": limits}
        async with httpx.AsyncClient(**given) as client:  # type: ignore[arg-type]
            return await asyncio.gather(*(one(client, number) for number in range(count)))

    before = proxy.status()["recording"]["recorded"]
    streams = asyncio.run(everyone())
    assert all("message_stop" in stream for stream in streams)
    proxy.settled(60)
    recording = proxy.status()["recording"]
    assert (recording["recorded"] - before, recording["dropped"]) == (count, 0)
    exchanges = proxy.show(session)["exchanges"]
    assert Counter(e["status"] for e in exchanges) == {"ok": count}
    answered = {
        e["request"]["body"]["messages"][0]["content"]: e["response"]["body"]["content"][0]["text"]
        for e in exchanges
    }
    assert answered == {f"number {n:04d}": f"you said number {n:04d}" for n in range(count)}


def test_five_megabytes_with_images(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(always(say(text("seen"))))
    noise = random.Random(5)
    images = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/png",
                "data": base64.b64encode(noise.randbytes(1_300_000)).decode(),
            },
        }
        for _ in range(3)
    ]
    sent = body([*images, {"type": "text", "text": "what is on them?"}])
    session = str(uuid.uuid4())
    answer = proxy.post(sent, **headers(proxy, session))
    assert answer.status_code == 200
    assert len(answer.request.content) > 5_000_000
    assert upstream.calls[0].body["messages"] == sent["messages"]
    proxy.settled()
    (exchange,) = proxy.show(session)["exchanges"]
    assert exchange["request"]["body"] == sent


class Load:
    """Clients in threads that ask until told to stop, and when each answer was complete."""

    def __init__(self, proxy: Proxy, session: str) -> None:
        self.ended: dict[str, float] = {}
        self.begun: set[str] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(proxy, session, number)) for number in range(16)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, proxy: Proxy, session: str, number: int) -> None:
        turn = 0
        with httpx.Client(headers=headers(proxy, session), timeout=30) as client:
            while not self._stop.is_set():
                prompt, turn = f"{number}-{turn}", turn + 1
                self.begun.add(prompt)
                try:
                    answer = client.post(proxy.url + "/v1/messages", json=body(prompt))
                except httpx.HTTPError:
                    return
                if "message_stop" in answer.text:
                    self.ended[prompt] = time.time()

    def stop(self) -> None:
        """Let the threads end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(40)


@pytest.mark.parametrize("victims", ["proxy", "proxy and recorder"])
def test_a_killed_proxy_loses_next_to_nothing(
    victims: str, lane: str, upstream: Provider, tmp_path: Path
) -> None:
    def paced(call: Call) -> Reply:
        late = call.prompts[0].startswith(("0-", "1-", "2-"))
        return slow(say(text("slowly, in pieces", pieces=5)), between=5.0 if late else 0.02, after=4)

    upstream.play(paced)
    session = str(uuid.uuid4())
    home = tmp_path / "lens home"
    with Proxy(home, upstream.url, CLAUDE_LENS_TRANSPARENT=lane) as proxy:
        load = Load(proxy, session)
        until(lambda: len(load.ended) > 60, 60, lambda: f"only {len(load.ended)} answers")
        time.sleep(0.8)
        killed = time.time()
        proxy.kill(recorder=victims != "proxy")
        load.stop()
        if victims != "proxy":
            proxy.start()
        check_survivors(proxy, session, load, killed)
        proxy.close()


def check_survivors(proxy: Proxy, session: str, load: Load, killed: float) -> None:
    """All that ended half a second before the kill is there and whole; nothing is left as running."""
    safe = {prompt for prompt, at in load.ended.items() if at < killed - 0.5}
    assert len(safe) > 20, "too little load to say anything"
    found: dict[str, dict[str, Any]] = {}

    def read() -> bool:
        found.clear()
        shown = proxy.show(session)["exchanges"]
        found.update({e["request"]["body"]["messages"][0]["content"]: e for e in shown})
        return all(e["status"] != "running" for e in found.values())

    until(read, 20, lambda: f"still running: {Counter(e['status'] for e in found.values())}")
    assert safe <= {prompt for prompt, e in found.items() if e["status"] == "ok"}
    open_ones = [e for prompt, e in found.items() if prompt not in load.ended]
    assert len(open_ones) >= 3
    assert {e["status"] for e in open_ones} == {"interrupted"}
    assert set(found) <= load.begun
    assert all(e["response"]["body"]["content"] for p, e in found.items() if p in safe)


def test_ending_the_proxy_lets_requests_finish(lane: str, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(always(slow(say(text("in the end, all is said", pieces=6)), between=0.2)))
    session, got = str(uuid.uuid4()), []
    with Proxy(tmp_path / "lens home", upstream.url, CLAUDE_LENS_TRANSPARENT=lane) as proxy:
        sender = threading.Thread(
            target=lambda: got.append(proxy.post(body("go"), **headers(proxy, session)))
        )
        sender.start()
        upstream.wait(lambda provider: bool(provider.outcomes and provider.outcomes[0].sent > 300))
        os.kill(proxy.child.popen.pid, signal.SIGTERM)
        sender.join(30)
        assert "message_stop" in got[0].text
        psutil.wait_procs(proxy.child.descendants(), timeout=20)
        (exchange,) = proxy.show(session)["exchanges"]
    assert exchange["status"] == "ok"
    assert exchange["response"]["body"]["content"][0]["text"] == "in the end, all is said"
