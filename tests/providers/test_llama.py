"""An answer of llama-3 where the hub of tokenizers cannot be reached: nobody else waits for it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness import Proxy
from tests.harness.client import MODEL
from tests.providers.asking import EVENTS, body, events
from tests.providers.serving import KEYS, addresses, write_config
from tests.providers.test_streams import chunk
from tests.upstream import Answer, Provider, Reply, raw, say, text
from tests.upstream.server import Server

ROUNDS = 20
SILENCE = 30.0
MAY_WAIT = 0.05
LLAMAS = ("llama", "groq-llama")
# The same answer, by a model whose tokens are counted with what is there.
OTHER = "vllm"


@contextmanager
def cut_off(folder: Path, upstream: Provider, **settings: str) -> Iterator[tuple[Proxy, Server]]:
    """A proxy whose hub takes connections and never answers."""
    config = write_config(folder, upstream.url)
    with Server(lambda _: Answer(503, delay=SILENCE)) as hub:
        known = {**KEYS, **addresses(upstream.url), "HF_ENDPOINT": hub.url, **settings}
        with Proxy(folder / "home", upstream.url, config, **known) as running:
            yield running, hub


def answers(upstream: Provider) -> None:
    """Llamas answer without telling their tokens, so that these have to be counted; Claude as ever."""
    told = raw(
        *events(chunk({"content": "Hi"}), chunk({}, "stop")),
        b"data: [DONE]\n\n",
        headers=(("content-type", EVENTS),),
    )

    def reply(path: str) -> Reply:
        return told if path.endswith("/chat/completions") else say(text("hello"))

    upstream.play(lambda call: reply(call.request.path))


def wait(proxy: Proxy) -> float:
    """Seconds that an answer of Claude's takes."""
    began = time.monotonic()
    assert proxy.post(body(MODEL)).status_code == 200
    return time.monotonic() - began


@pytest.mark.timed
def test_claude_does_not_wait_for_a_llamas_tokenizer(provider: Provider, tmp_path: Path) -> None:
    answers(provider)
    with cut_off(tmp_path, provider) as (proxy, hub), ThreadPoolExecutor(1) as pool:

        def beside(model: str) -> float:
            other = pool.submit(proxy.post, body(model))
            waited = wait(proxy)
            assert other.result(60).status_code == 200
            return waited

        # One fetch would hold everybody up for as long as the hub is silent.
        assert max(beside(model) for model in (*LLAMAS, OTHER)) < SILENCE / 2
        # Turn by turn, so that whatever else the machine does weighs on both alike.
        pairs = [(beside(LLAMAS[number % 2]), beside(OTHER)) for number in range(ROUNDS)]
        assert hub.requests == []
    llamas, others = zip(*pairs, strict=True)
    assert statistics.median(llamas) - statistics.median(others) < MAY_WAIT
