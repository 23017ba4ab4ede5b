"""Facts in LiteLLM's own cache: one worker's memory, and Redis between several."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest
from fakeredis import TcpFakeServer
from litellm.caching.caching import DualCache, RedisCache

from claude_lens.agents.facts import Claimed, Mark, Spawned, Told
from claude_lens.capture.agent_log import PREFIX, AgentLog

CALLS = [Spawned(tool_use_id=f"t{number}", name="poet", prompt=Mark.of("p")) for number in (1, 2)]


@pytest.fixture
def redis_port() -> Iterator[int]:
    """A server that speaks Redis's protocol."""
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()
    thread.join()


def log(port: int | None = None) -> AgentLog:
    """What one worker has."""
    cache = DualCache(redis_cache=RedisCache(host="127.0.0.1", port=port) if port else None)
    return AgentLog(lambda: cache)


def test_one_worker() -> None:
    async def scenario() -> None:
        mine = log()
        await mine.add("s", [*CALLS, Claimed(agent_id="a", tool_use_ids=("t1",)), CALLS[0]])
        assert (await mine.fresh("s")).call_of("a") == CALLS[0]
        assert mine.local("s").free() == [CALLS[1]]
        assert mine.local("other").calls() == []

    asyncio.run(scenario())


def sharing(port: int, scenario: Callable[[AgentLog, AgentLog], Awaitable[None]]) -> None:
    async def both() -> None:
        await scenario(log(port), log(port))

    asyncio.run(both())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_workers_agree(redis_port: int) -> None:
    async def scenario(one: AgentLog, other: AgentLog) -> None:
        await one.add("s", CALLS)
        assert (await other.fresh("s")).free() == CALLS
        # Both think that the first call is theirs; the order of the log decides.
        claim = ("t1", "t2")
        await asyncio.gather(
            one.add("s", [Claimed(agent_id="a", tool_use_ids=claim)]),
            other.add("s", [Claimed(agent_id="b", tool_use_ids=claim)]),
        )
        seen = [
            {agent: (await worker.fresh("s")).call_of(agent) for agent in "ab"} for worker in (one, other)
        ]
        assert seen[0] == seen[1]
        assert {call.tool_use_id for call in seen[0].values() if call} == {"t1", "t2"}

    sharing(redis_port, scenario)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_fact_being_written_is_waited_for(redis_port: int) -> None:
    async def scenario(one: AgentLog, other: AgentLog) -> None:
        await one.add("s", CALLS[:1])
        redis = one._cache().redis_cache
        number = int(await redis.async_increment(f"{PREFIX}:s:count", 1, ttl=60))
        await one.add("s", CALLS[1:])
        assert (await other.fresh("s")).calls() == CALLS[:1]
        await redis.async_set_cache(f"{PREFIX}:s:{number}", {"kind": "unheard of"}, ttl=60)
        assert (await other.fresh("s")).calls() == CALLS

    sharing(redis_port, scenario)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_dead_redis_is_told_once_and_the_worker_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        mine = log(1)
        await mine.add("s", [*CALLS, Told(agent_id="a", tool_use_id="t1")])
        assert (await mine.fresh("s")).call_of("a") == CALLS[0]

    asyncio.run(scenario())
    assert len([line for line in caplog.messages if "other workers" in line]) == 1
