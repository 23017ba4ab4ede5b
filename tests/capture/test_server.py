"""The proxy process: its command line, its environment, its end."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from claude_lens.capture.server import arguments, prepare_environment
from tests.harness import Proxy
from tests.upstream import Provider, always, say, slow, text

HELLO = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def test_arguments() -> None:
    chosen = arguments(["--config", "a b.yaml", "--port", "1"])
    assert (chosen.config, chosen.host, chosen.port, chosen.drain) == (Path("a b.yaml"), "127.0.0.1", 1, 600)
    with pytest.raises(SystemExit):
        arguments([])


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_BASE", "LITELLM_MODE", "LITELLM_LOCAL_MODEL_COST_MAP", "CONFIG_FILE_PATH"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:8082")
    monkeypatch.setenv("ANTHROPIC_FORWARD_URL", "http://gate/")
    monkeypatch.setenv("GROQ_API_KEY", "")
    (tmp_path / ".env").write_text("GROQ_API_KEY=from-dotenv\n")
    config = tmp_path / "litellm_config.yaml"
    config.touch()
    prepare_environment(config)
    assert os.environ["CONFIG_FILE_PATH"] == str(config)
    assert os.environ["ANTHROPIC_API_BASE"] == "http://gate"
    assert os.environ["GROQ_API_KEY"] == "from-dotenv"
    assert "ANTHROPIC_BASE_URL" not in os.environ


def test_sigterm_lets_running_requests_finish_and_keeps_their_records(
    tmp_path: Path, upstream: Provider
) -> None:
    upstream.play(always(slow(say(text("late but whole")), first=1.5)))
    answers: list[httpx.Response] = []
    with Proxy(tmp_path / "lens home", upstream.url) as proxy:
        client = threading.Thread(target=lambda: answers.append(proxy.post(HELLO)))
        client.start()
        while not upstream.requests:
            time.sleep(0.02)
        os.kill(proxy.child.popen.pid, signal.SIGTERM)
        client.join()
        assert proxy.child.popen.wait(30) == 0
        assert answers[0].json()["content"][0]["text"] == "late but whole"
        shown = proxy.show()
    assert [exchange["status"] for exchange in shown["exchanges"]] == ["ok"]
