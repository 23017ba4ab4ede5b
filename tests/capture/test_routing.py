"""Rules asked in the proxy, over LiteLLM's real router and cache."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from litellm.caching.caching import DualCache

from claude_lens.agents.asker import Asker
from claude_lens.agents.detect import no_files
from claude_lens.agents.routes import load
from claude_lens.capture import host
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.asgi import Message, Send
from claude_lens.capture.asking import Asking
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.routing import RoutingHook, SubagentRouter
from claude_lens.capture.translated import IN_FLIGHT
from claude_lens.exchange import Headers
from tests.agents.bodies import OLD_HEADERS, Json, call, headers, message, old, result, today
from tests.capture.conftest import CLAUDE, Configure
from tests.upstream import blocks
from tests.upstream.anthropic import answer
from tests.upstream.server import Received

PROMPT = "Review the code in a.py, please."
ENVIRON = {"OPENAI_API_KEY": "sk", "SUBAGENT_MAPPINGS": "code-reviewer:openai:gpt-4o,Explore:o3"}


class Scene:
    """One worker and its clients."""

    def __init__(self, file_name: Any = no_files, strict: bool = True) -> None:
        cache = DualCache()
        self.log = AgentLog(lambda: cache)
        self.router = SubagentRouter(load(None, ENVIRON), Asking(self.log, file_name, strict=strict))
        self.sent: list[Message] = []

    def ask(self, body: Json | bytes, sent: Headers) -> tuple[InFlight, Send]:
        """A request that arrives."""
        flight = InFlight(
            endpoint="/v1/messages",
            query="",
            headers=[(name.encode(), value.encode()) for name, value in sent],
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            put=lambda _: None,
            worker="w",
            requested_model="claude-sonnet-4-5",
        )

        async def collect(message: Message) -> None:
            self.sent.append(message)

        return flight, asyncio.run(self.router.consider(flight, collect))

    def hear(self, send: Send, chunks: list[bytes], status: int = 200, encoding: bytes = b"") -> None:
        """The answer that passes."""

        async def play() -> None:
            told = [(b"content-encoding", encoding)] if encoding else []
            await send({"type": "http.response.start", "status": status, "headers": told})
            for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        asyncio.run(play())


@pytest.fixture
def scene(configure: Configure) -> Scene:
    configure([CLAUDE])
    return Scene()


def spawning(stream: bool = True) -> list[bytes]:
    """An answer that calls for the reviewer."""
    request = Received(1, "POST", "/v1/messages", (), json.dumps({"stream": stream}).encode(), 0.0)
    made = answer(request, [blocks.text("on it"), blocks.spawn(PROMPT, "code-reviewer")])
    return [chunk for chunk in made.chunks if isinstance(chunk, bytes)]


@pytest.mark.parametrize("stream", [True, False])
def test_a_spawn_is_known_before_the_client_has_read_it(scene: Scene, stream: bool) -> None:
    flight, send = scene.ask(today(), headers())
    assert flight.target is None
    scene.hear(send, spawning(stream))
    child, _ = scene.ask(today(prompt=PROMPT, subagent=True), headers("a1"))
    assert (child.target, child.rule) == ("openai:gpt-4o", "SUBAGENT_MAPPINGS: code-reviewer")
    assert child.agent["name"] == "code-reviewer"
    again, _ = scene.ask(b"not even JSON", headers("a1"))
    assert again.target == "openai:gpt-4o"


def test_known_at_the_end_of_its_block_already(scene: Scene) -> None:
    _, send = scene.ask(today(), headers())
    chunks = spawning()
    last_block = max(i for i, chunk in enumerate(chunks) if b"content_block_stop" in chunk)

    async def play() -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for chunk in chunks[: last_block + 1]:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    asyncio.run(play())
    child, _ = scene.ask(today(prompt=PROMPT), headers("a1"))
    assert child.target == "openai:gpt-4o"


@pytest.mark.parametrize("size", [1, 7])
def test_in_chunks_of_any_size_and_compressed(scene: Scene, size: int) -> None:
    whole = b"".join(spawning())
    _, send = scene.ask(today(), headers())
    scene.hear(send, [whole[i : i + size] for i in range(0, len(whole), size)])
    assert scene.ask(today(prompt=PROMPT), headers("a1"))[0].target
    other = Scene()
    _, send = other.ask(today(), headers())
    other.hear(send, [gzip.compress(whole)], encoding=b"gzip")
    assert other.ask(today(prompt=PROMPT), headers("a1"))[0].target


def test_a_refused_answer_spawns_nothing(scene: Scene) -> None:
    _, send = scene.ask(today(), headers())
    scene.hear(send, spawning(), status=500)
    assert scene.ask(today(prompt=PROMPT), headers("a1"))[0].target is None


def test_old_clients(scene: Scene) -> None:
    _, send = scene.ask(old(), OLD_HEADERS)
    scene.hear(send, spawning())
    assert scene.ask(old(prompt=PROMPT), OLD_HEADERS)[0].target == "openai:gpt-4o"
    assert scene.ask(old(prompt="hello"), OLD_HEADERS)[0].target is None


def test_after_a_restart_the_parents_history_tells(scene: Scene) -> None:
    parent = today(
        message("assistant", call("t1", PROMPT)), message("user", result("t1", "agentId: a9 (internal)"))
    )
    scene.ask(parent, headers())
    assert scene.ask(today(prompt="compacted"), headers("a9"))[0].target == "openai:gpt-4o"


def test_type_and_file(configure: Configure) -> None:
    configure([CLAUDE])
    asked: list[Asker] = []

    def file_name(asker: Asker) -> str:
        asked.append(asker)
        return "code-reviewer"

    scene = Scene(file_name)
    assert scene.ask(today(prompt="x"), headers("a1", kind="Explore"))[0].target == "o3"
    assert asked == []
    assert scene.ask(today(prompt="x"), headers("a2", kind="custom"))[0].target == "openai:gpt-4o"


def test_targets_become_deployments_once_for_each_router(scene: Scene, configure: Configure) -> None:
    for _ in range(2):
        scene.ask(today(prompt="x"), headers("a1", kind="Explore"))
        found = [entry for entry in host.router().model_list if entry["model_name"] == "openai:gpt-4o"]
        assert [entry["litellm_params"]["model"] for entry in found] == ["openai/gpt-4o"]
        assert host.deployments("o3")
    configure([CLAUDE])
    scene.ask(today(prompt="x"), headers("a1", kind="Explore"))
    assert host.deployments("o3")


def test_other_clients(scene: Scene) -> None:
    flight, _ = scene.ask({"messages": [{"role": "user", "content": PROMPT}]}, (("user-agent", "curl"),))
    assert (flight.target, flight.agent) == (None, {})
    assert scene.ask(b"junk", ())[0].target is None


def test_a_fault_of_ours_lets_the_request_go_on(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure([CLAUDE])

    def broken(_asker: Asker) -> str:
        raise OSError("no disk")

    scene = Scene(broken, strict=False)
    for _ in range(2):
        assert scene.ask(today(prompt="x"), headers("a1"))[0].target is None
    assert caplog.messages == ["who asks cannot be found out: OSError: no disk"]
    with pytest.raises(OSError, match="no disk"):
        Scene(broken).ask(today(prompt="x"), headers("a1"))


def test_the_hook_tells_litellm(scene: Scene) -> None:
    flight, _ = scene.ask(today(prompt="x"), headers("a1", kind="Explore"))
    IN_FLIGHT[flight.id] = flight
    try:
        data = {"litellm_call_id": flight.id, "model": "claude-sonnet-4-5"}
        changed = asyncio.run(RoutingHook().async_pre_call_hook(None, None, data, "x"))
    finally:
        del IN_FLIGHT[flight.id]
    assert changed == {"litellm_call_id": flight.id, "model": "o3"}
    assert asyncio.run(RoutingHook().async_pre_call_hook(None, None, {"model": "m"}, "x")) is None


def test_no_rules_no_router(tmp_path: Path) -> None:
    assert not load(None, {"HOME": str(tmp_path)})


def test_an_answer_that_calls_tools_says_so() -> None:
    def told(*kinds: str, reason: str = "end_turn") -> str:
        response = {"content": [{"type": kind} for kind in kinds], "stop_reason": reason}
        asyncio.run(RoutingHook().async_post_call_success_hook({}, None, response))
        return str(response["stop_reason"])

    assert told("text", "tool_use") == "tool_use"
    assert told("text") == "end_turn"
    assert told("tool_use", reason="max_tokens") == "max_tokens"
    assert asyncio.run(RoutingHook().async_post_call_success_hook({}, None, "x")) == "x"
