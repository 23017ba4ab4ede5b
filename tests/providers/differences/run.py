"""Both ways side by side: a stock ``litellm --config`` and a proxy of ours, before one scripted provider."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx

from tests.conformance.rawhttp import exchange, request_bytes
from tests.harness import Proxy
from tests.harness.processes import Child, child_environment, free_port
from tests.harness.proxy import KEY, PROVIDER_KEY
from tests.providers.differences.compare import Got, differences
from tests.providers.differences.corpus import Case
from tests.providers.serving import KEYS, addresses, write_config
from tests.upstream import Provider

START = 150.0
Outcomes = list[tuple[Case, list[str]]]


@contextlib.contextmanager
def stock(folder: Path, upstream: str, config: Path) -> Iterator[int]:
    """LiteLLM alone with our configuration, callbacks left out; yields its port."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [line for line in config.read_text(encoding="utf-8").splitlines() if "callbacks" not in line]
    bare, port = folder / "stock.yaml", free_port()
    bare.write_text("\n".join(kept) + "\n", encoding="utf-8")
    environment = child_environment(
        HOME=str(folder),
        LITELLM_MASTER_KEY=KEY,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        # What it would fetch from outside is no difference worth waiting for.
        HF_HUB_OFFLINE="1",
        ANTHROPIC_API_KEY=PROVIDER_KEY,
        ANTHROPIC_FORWARD_URL=upstream,
        ANTHROPIC_API_BASE=upstream,
        **KEYS,
        **addresses(upstream),
    )
    program = [str(Path(sys.executable).with_name("litellm")), "--host", "127.0.0.1"]
    log = folder / "stock.log"
    with log.open("ab") as output:
        child = Child(
            [*program, "--config", str(bare), "--port", str(port)], environment, folder, output=output
        )
    try:
        until = time.monotonic() + START
        while not _alive(port):
            if time.monotonic() > until or child.popen.poll() is not None:
                raise RuntimeError(f"LiteLLM did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield port
    finally:
        child.close(10.0)


def run(cases: Iterable[Case], upstream: Provider, stock_port: int, our_port: int) -> Outcomes:
    """Each case with its differences."""
    return [
        (case, differences(ask(case, upstream, stock_port), ask(case, upstream, our_port))) for case in cases
    ]


def ask(case: Case, upstream: Provider, port: int) -> Got:
    """Send one case one way."""
    upstream.play(lambda _: case.reply, also=case.also)
    headers = (
        ("x-api-key", KEY),
        ("content-type", "application/json"),
        *(case.headers or (("anthropic-version", "2023-06-01"),)),
    )
    wire = request_bytes(
        "POST",
        case.path,
        headers,
        httpx.Request("POST", "http://x", json=case.body).content,
        f"127.0.0.1:{port}",
    )
    answered = asyncio.run(exchange(port, wire, limit=60))
    asked = [one for one in upstream.requests if one.method == "POST" and one.path != "/api/show"]
    return Got(tuple(asked), answered)


def everything(cases: Iterable[Case]) -> Outcomes:
    """Start both, run, end both."""
    with tempfile.TemporaryDirectory() as name, Provider() as upstream:
        folder = Path(name)
        config = write_config(folder, upstream.url)
        ours = Proxy(folder / "home", upstream.url, config, **KEYS, **addresses(upstream.url))
        with stock(folder / "stock", upstream.url, config) as port, ours as running:
            return run(cases, upstream, port, running.port)


def _alive(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
