"""Who asks, found out without LiteLLM. What the rules of routing make of it is in ``test_routing``."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from claude_lens.agents.detect import no_files
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.asgi import Message
from claude_lens.capture.asking import KEPT, Asking, Cache
from claude_lens.capture.inflight import InFlight
from tests.agents.bodies import call, headers, message, today

PROMPT = "Review the code in a.py, please."


def flight(body: Any, sent: Any) -> InFlight:
    return InFlight(
        endpoint="/v1/messages",
        query="",
        headers=[(name.encode(), value.encode()) for name, value in sent],
        body=json.dumps(body).encode(),
        put=lambda _: None,
        worker="w",
        requested_model="m",
    )


def test_a_spawned_agent_is_known_by_its_first_request() -> None:
    async def play() -> None:
        cache = Cache()
        asking = Asking(AgentLog(lambda: cache), no_files, strict=True)
        sent: list[Message] = []

        async def send(told: Message) -> None:
            sent.append(told)

        main = flight(today(), headers())
        listening = await asking.consider(main, send)
        assert main.asker is not None
        assert main.asker.id is None
        answer = json.dumps(message("assistant", call("toolu_1", PROMPT))).encode()
        await listening({"type": "http.response.start", "status": 200, "headers": []})
        await listening({"type": "http.response.body", "body": answer, "more_body": False})
        assert [one["type"] for one in sent] == ["http.response.start", "http.response.body"]
        child = flight(today(prompt=PROMPT, subagent=True), headers("a1"))
        await asking.consider(child, send)
        assert child.asker is not None
        assert (child.asker.id, child.asker.name) == ("a1", "code-reviewer")
        assert child.agent["name"] == "code-reviewer"

    asyncio.run(play())


def test_the_oldest_sessions_are_forgotten() -> None:
    cache = Cache()
    for number in range(KEPT + 1):
        cache.set_cache(str(number), number, ttl=1.0)
    assert cache.get_cache("0") is None
    assert cache.in_memory_cache.get_cache("1") == 1
    assert cache.redis_cache is None
