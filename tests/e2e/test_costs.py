"""What the real client says a session cost, and what we say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Proxy
from tests.harness.client import MODEL, Claude
from tests.upstream import Call, Provider, Received, text
from tests.upstream import anthropic as wire
from tests.upstream.blocks import FEW
from tests.upstream.server import Answer

OPUS = "claude-opus-4-5-20251101"
# The client itself goes by the price of the model that it asked for, unless it asked for the fallback too:
# one of the same price is the same to both.
SERVED = "claude-sonnet-4-6"
COUNTS = {"input_tokens": 4000, "output_tokens": 300}
ADVISER = {
    "type": "advisor_message",
    "model": OPUS,
    "input_tokens": 90_000,
    "output_tokens": 5_000,
    "cache_read_input_tokens": 20_000,
    "cache_creation_input_tokens": 10_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 3_000, "ephemeral_1h_input_tokens": 7_000},
}
NO_CACHE = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
MESSAGE = {"type": "message", "model": MODEL, **COUNTS, **NO_CACHE}
LONG_WRITES = {
    "cache_creation_input_tokens": 50_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 10_000, "ephemeral_1h_input_tokens": 40_000},
}
TAKEN = {"input_tokens": 7_000, "output_tokens": 900, **NO_CACHE}
FALLBACK = {"type": "fallback_message", "model": SERVED, **TAKEN}
SEARCHED = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 0}}
USAGES: dict[str, dict[str, Any]] = {
    "an adviser": {**COUNTS, **NO_CACHE, "iterations": [MESSAGE, ADVISER]},
    "a fallback": {**TAKEN, "iterations": [MESSAGE, FALLBACK]},
    "searches and writes for an hour": {**COUNTS, "cache_read_input_tokens": 0, **LONG_WRITES, **SEARCHED},
    "a fallback that searched": {**TAKEN, **SEARCHED, "iterations": [MESSAGE, FALLBACK]},
}


def answering(usage: dict[str, Any], model: str) -> Any:
    """A script: every answer has this usage and comes from this model."""

    def answer(request: Received) -> Answer:
        blocks = [text("done")]
        message = {**wire.whole(request, blocks, FEW, None), "model": model}
        message["usage"] = usage
        events = wire.events(message, blocks)
        for name, data in events:
            if name == "message_delta":
                data["usage"] = usage
        head = (("content-type", "text/event-stream"), ("request-id", wire.request_id(request)))
        return Answer(200, head, [wire.sse(*event) for event in events])

    def script(_: Call) -> Any:
        return answer

    return script


@pytest.mark.parametrize("kind", USAGES)
def test_our_sum_is_the_clients_total(proxy: Proxy, upstream: Provider, tmp_path: Path, kind: str) -> None:
    usage = USAGES[kind]
    fell_back = "fallback" in kind
    upstream.play(answering(usage, SERVED if fell_back else MODEL))
    run = Claude(tmp_path, upstream.url, proxy).run("say done")
    assert run.code == 0, run
    proxy.settled()
    listed = json.loads(proxy.lensctl("exchanges", "--session", run.json["session_id"], "--json").stdout)
    found = listed["exchanges"]
    assert sum(one["cost_usd"] for one in found) == pytest.approx(run.json["total_cost_usd"], rel=1e-9)
    models = {one["model"]["requested"]: one["model"]["routed"] for one in found}
    assert models[MODEL] == (SERVED if fell_back else MODEL)
    by_model = json.loads(
        proxy.lensctl("stats", "--by", "model", "--session", run.json["session_id"], "--json").stdout
    )
    ours = {group["key"]: group["cost_usd"] for group in by_model["groups"] if group["cost_usd"]}
    if fell_back:
        assert set(ours) == {SERVED}
        return
    theirs = {name: used["costUSD"] for name, used in run.json["modelUsage"].items() if used["costUSD"]}
    assert ours == pytest.approx(theirs)
