"""The ways from client to upstream: nothing between, our two lanes, us inside LiteLLM, LiteLLM alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.conformance.cases import PROVIDER_KEY, PROXY_KEY
from tests.harness.processes import ROOT, Child, child_environment, free_port

DIRECT, TRANSPARENT, TRANSLATED, STOCK, PLAIN = "direct", "transparent", "translated", "stock", "plain"
PROXIED = (TRANSPARENT, TRANSLATED, PLAIN, STOCK)
ABOUT = {
    TRANSPARENT: "`lensctl up`, as it comes",
    TRANSLATED: "`lensctl up` with `CLAUDE_LENS_TRANSPARENT=off`: through LiteLLM's own pipeline",
    PLAIN: "`litellm --config litellm_config.yaml`: the transparent lane inside LiteLLM's app and middleware",
    STOCK: "`litellm` with the same configuration but without claude-lens",
}
START = 150.0


def stock_config(folder: Path) -> Path:
    """Our configuration without our callbacks."""
    text = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "callbacks" not in line]
    path = folder / "stock.yaml"
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


@contextmanager
def running(upstream: str, folder: Path, ways: tuple[str, ...] = PROXIED) -> Iterator[dict[str, int]]:
    """A port for each way; the processes start together and end with the block."""
    with ExitStack() as stack:
        ports, logs = {}, {}
        for way in ways:
            ports[way], logs[way] = free_port(), folder / f"{way}.log"
            stack.callback(_start(way, ports[way], upstream, folder, logs[way]).close, 10.0)
        until = time.monotonic() + START
        for way, port in ports.items():
            path = "/health/liveliness" if way == STOCK else "/health"
            while not _answers(port, path):
                if time.monotonic() > until:
                    raise TimeoutError(f"{way} did not start: {logs[way].read_text()[-3000:]}")
                time.sleep(0.2)
        yield ports


def _start(way: str, port: int, upstream: str, folder: Path, log: Path) -> Child:
    home = folder / way
    home.mkdir()
    environment = child_environment(
        HOME=str(home),
        CLAUDE_LENS_HOME=str(home),
        CLAUDE_LENS_TRANSPARENT="off" if way == TRANSLATED else "auto",
        LITELLM_MASTER_KEY=PROXY_KEY,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        ANTHROPIC_API_KEY=PROVIDER_KEY,
        ANTHROPIC_FORWARD_URL=upstream,
        ANTHROPIC_API_BASE=upstream,
    )
    config = stock_config(folder) if way == STOCK else ROOT / "litellm_config.yaml"
    if way in (PLAIN, STOCK):
        program = [str(Path(sys.executable).with_name("litellm")), "--host", "127.0.0.1"]
    else:
        program = [sys.executable, "-P", "-m", "claude_lens.capture.server"]
    with log.open("ab") as output:
        command = [*program, "--config", str(config), "--port", str(port)]
        return Child(command, environment, home, output=output)


def _answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
