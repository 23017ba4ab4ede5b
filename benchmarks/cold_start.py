"""Cold start: ``lensctl up`` until it is healthy, against a plain ``litellm --config``, and memory when idle.

``python -m benchmarks.cold_start [--runs N] [--json]``: all in turn, medians of seconds. LiteLLM is started
twice: as pip leaves it, with bytecode, to which the goal of 0.6 refers, and as an installer leaves it that
compiles none. Memory is the resident set in MB, of the proxy with its recorder and of LiteLLM.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from claude_lens import settings, supervisor
from claude_lens.health import get

GOAL = 0.6
TIMEOUT = 120.0
CONFIG = """\
model_list:
  - model_name: "claude-*"
    litellm_params: {model: "anthropic/claude-*"}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""


def free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def ours(folder: Path) -> tuple[float, float]:
    """Seconds of ``lensctl up``, and MB of what then runs."""
    environ = _environment(folder, PORT=str(free_port()), CLAUDE_LENS_HOME=str(folder / "lens"))
    found = settings.parse(environ, settings.find_config(folder))
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-P", "-m", "claude_lens", "up"], env=environ, check=True, stdout=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - began
    running = supervisor.current(found)
    try:
        assert running is not None
        assert running.process is not None
        return seconds, _megabytes(running.process)
    finally:
        supervisor.stop(found, 5)


def uncompiled(folder: Path) -> tuple[float, float]:
    """Seconds and MB of LiteLLM that finds no bytecode."""
    return stock(folder, PYTHONPYCACHEPREFIX=str(folder / "bytecode"))


def stock(folder: Path, **more: str) -> tuple[float, float]:
    """Seconds of ``litellm --config`` until it answers, and its MB."""
    config, port = folder / "plain.yaml", free_port()
    config.write_text(CONFIG, encoding="utf-8")
    program = Path(sys.executable).with_name("litellm")
    command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    environ = _environment(folder, LITELLM_MASTER_KEY="sk-benchmark-0000", **more)
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        try:
            while not _answers(f"http://127.0.0.1:{port}"):
                if child.poll() is not None or time.perf_counter() - began > TIMEOUT:
                    raise SystemExit("litellm did not start")
                time.sleep(0.05)
            return time.perf_counter() - began, _megabytes(psutil.Process(child.pid))
        finally:
            child.kill()


def measure(runs: int) -> dict[str, float]:
    """Medians of all three, interleaved after one unmeasured round, and the ratios."""
    starts: tuple[Callable[[Path], tuple[float, float]], ...] = (ours, uncompiled, stock)
    found: list[list[tuple[float, float]]] = [[] for _ in starts]
    for turn in range(runs + 1):
        for start, results in zip(starts, found, strict=True):
            with tempfile.TemporaryDirectory() as folder:
                result = start(Path(folder))
            if turn:
                results.append(result)
    (our_s, our_mb), (raw_s, _), (stock_s, stock_mb) = (
        [statistics.median(column) for column in zip(*results, strict=True)] for results in found
    )
    return {
        "lensctl_up_s": round(our_s, 2),
        "litellm_s": round(stock_s, 2),
        "ratio": round(our_s / stock_s, 3),
        "litellm_uncompiled_s": round(raw_s, 2),
        "ratio_uncompiled": round(our_s / raw_s, 3),
        "lensctl_up_mb": round(our_mb),
        "litellm_mb": round(stock_mb),
    }


def main() -> int:
    """Exit code 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = measure(chosen.runs)
    print(
        json.dumps(result)
        if chosen.json
        else "\n".join(f"{name:<21} {value}" for name, value in result.items())
    )
    return 0 if result["ratio"] <= GOAL else 1


def _environment(folder: Path, **more: str) -> dict[str, str]:
    # Without this, stock LiteLLM would also wait for the network.
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True", **more}


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
