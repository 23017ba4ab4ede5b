"""What a worker has once, and that LiteLLM is not part of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

EARLY = ("worker", "request", "prices", "answers", "lane", "outgoing", "upstream", "auth")


@pytest.mark.parametrize("module", EARLY)
def test_answering_needs_no_litellm(module: str) -> None:
    slow = ("litellm", "fastapi", "pydantic", "sqlalchemy")
    code = (
        f"import sys, claude_lens.capture.{module}\nprint([name for name in {slow} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_nothing_is_recorded_without_a_sink() -> None:
    code = (
        "from claude_lens.capture.worker import worker\n"
        "assert worker().feed() is None\n"
        "worker().sinks.add('store')\n"
        "feed = worker().feed()\n"
        "assert feed is worker().feed()\n"
        "feed.close()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=100)
