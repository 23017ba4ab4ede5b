"""Cold start of ``lensctl up`` against a plain ``litellm --config``, and memory when idle.

``python -m benchmarks.cold_start [--runs N] [--json] [--write]``: all in turn, medians of seconds from the
command to healthy, to the first answered request that the transparent lane takes, and to the first that
LiteLLM answers.
Of LiteLLM alone the last two are one. It is started twice: as pip leaves it, with bytecode, to which the goal
of 0.6 refers, and as an installer leaves it that compiles none. The provider is a local one.
Memory is the resident set in MB once LiteLLM has answered, of the proxy with its recorder and of LiteLLM.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import report
from claude_lens import settings
from claude_lens.demo.provider import Provider
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import get

GOAL = 0.6
TIMEOUT = 120.0
CONFIG = """\
model_list:
  - model_name: "claude-*"
    litellm_params: {model: "anthropic/claude-*", api_base: os.environ/ANTHROPIC_FORWARD_URL}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


KEY = "sk-benchmark-0000"
BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
TRANSPARENT, TRANSLATED = "/v1/messages", "/v1/chat/completions"


class Start(NamedTuple):
    """Seconds from the command to each of three events, and MB of what then runs."""

    healthy: float
    first: float
    litellm: float
    megabytes: float


def free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def ours(folder: Path, upstream: str) -> Start:
    """``lensctl up``."""
    home = str(folder / "lens")
    environ = _environment(folder, upstream, PORT=str(free_port()), CLAUDE_LENS_HOME=home)
    found = settings.parse(environ, settings.find_config(folder))
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-P", "-m", "claude_lens", "up"], env=environ, check=True, stdout=subprocess.DEVNULL
    )
    healthy = time.perf_counter() - began
    running = supervisor.current(found)
    try:
        assert running is not None
        assert running.process is not None
        _ask(running.url, TRANSPARENT)
        first = time.perf_counter() - began
        _ask(running.url, TRANSLATED)
        return Start(healthy, first, time.perf_counter() - began, _megabytes(running.process))
    finally:
        supervisor.stop(found, 5)


def uncompiled(folder: Path, upstream: str) -> Start:
    """LiteLLM that finds no bytecode."""
    return stock(folder, upstream, PYTHONPYCACHEPREFIX=str(folder / "bytecode"))


def stock(folder: Path, upstream: str, **more: str) -> Start:
    """``litellm --config``."""
    config, port = folder / "plain.yaml", free_port()
    config.write_text(CONFIG, encoding="utf-8")
    program = Path(sys.executable).with_name("litellm")
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        env=_environment(folder, upstream, **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            while not _answers(url):
                if child.poll() is not None or time.perf_counter() - began > TIMEOUT:
                    raise SystemExit("litellm did not start")
                time.sleep(0.05)
            healthy = time.perf_counter() - began
            _ask(url, TRANSPARENT)
            first = time.perf_counter() - began
            return Start(healthy, first, first, _megabytes(psutil.Process(child.pid)))
        finally:
            child.kill()


def measure(runs: int) -> dict[str, float]:
    """Medians of all three, interleaved after one unmeasured round, and the ratios."""
    starts: tuple[Callable[[Path, str], Start], ...] = (ours, uncompiled, stock)
    found: list[list[Start]] = [[] for _ in starts]
    with Provider() as provider:
        for turn in range(runs + 1):
            for start, results in zip(starts, found, strict=True):
                with tempfile.TemporaryDirectory() as folder:
                    result = start(Path(folder), provider.url)
                if turn:
                    results.append(result)
    own, raw, plain = (Start(*map(statistics.median, zip(*results, strict=True))) for results in found)
    return {
        "lensctl_up_s": round(own.healthy, 2),
        "litellm_s": round(plain.healthy, 2),
        "ratio": round(own.healthy / plain.healthy, 3),
        "first_transparent_answer_s": round(own.first, 2),
        "litellm_first_answer_s": round(plain.first, 2),
        "ratio_first_answer": round(own.first / plain.first, 3),
        "first_answer_through_litellm_s": round(own.litellm, 2),
        "ratio_through_litellm": round(own.litellm / plain.first, 3),
        "litellm_uncompiled_s": round(raw.healthy, 2),
        "ratio_uncompiled": round(own.healthy / raw.healthy, 3),
        "lensctl_up_mb": round(own.megabytes),
        "litellm_mb": round(plain.megabytes),
    }


def main() -> int:
    """Exit code 1 where the goal is missed: by health, or by the first transparent answer."""
    chosen = report.arguments(__doc__, 3)
    result = measure(chosen.runs)
    report.show(
        result,
        chosen,
        name="cold_start",
        title="Cold start",
        goal=f"Goal: `lensctl up` healthy, and its first answer, within {GOAL} of `litellm --config`'s.",
    )
    return 0 if max(result["ratio"], result["ratio_first_answer"]) <= GOAL else 1


def _environment(folder: Path, upstream: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        # Without this, stock LiteLLM would also wait for the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": KEY,
        "ANTHROPIC_FORWARD_URL": upstream,
        "ANTHROPIC_API_KEY": "sk-ant-benchmark",
        **more,
    }


def _ask(url: str, path: str) -> None:
    headers = {"x-api-key": KEY, "authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(BODY).encode(), headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        answer.read()


def _answers(url: str) -> bool:
    try:
        return get(url, "/health/liveliness", timeout=2)[0] == 200
    except OSError:
        return False


def _megabytes(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(one.memory_info().rss for one in family) / (1 << 20)


if __name__ == "__main__":
    sys.exit(main())
