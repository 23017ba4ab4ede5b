"""Rules edited while the proxy runs: a restart takes them, and cuts nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e.routed import write_config
from tests.harness.lens import Lens
from tests.upstream import Provider, held, say, text

BODY = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 99,
    "stream": True,
    "messages": [{"role": "user", "content": "hi"}],
}
KEY = "sk-lens-a-key-of-the-users-own-0123456789"
RULE = "subagent_routing:\n  rules: [{model: claude-sonnet-4-5, to: openai:gpt-4o}]\n"


def ask(lens: Lens) -> str:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    answer = httpx.post(f"{lens.url}/v1/messages", json=BODY, headers=headers, timeout=90)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.slow
def test_a_restart_takes_an_edit_and_cuts_nobody(upstream: Provider, tmp_path: Path) -> None:
    config = write_config(tmp_path / "config", "")
    lens = Lens(
        tmp_path / "user",
        CLAUDE_LENS_CONFIG=str(config),
        LITELLM_MASTER_KEY=KEY,
        ANTHROPIC_API_KEY="sk-ant-x",
        ANTHROPIC_FORWARD_URL=upstream.url,
        OPENAI_API_KEY="sk-o",
        OPENAI_BASE_URL=upstream.url + "/v1",
    )
    go = threading.Event()
    try:
        lens.lensctl("up", check=True)
        upstream.play(lambda _: held(say(text("in time", pieces=1)), go))
        with ThreadPoolExecutor() as pool:
            running = pool.submit(ask, lens)
            upstream.wait(lambda seen: bool(seen.calls))
            config.write_text(config.read_text() + RULE.replace("gpt-4o", "gtp-4o").replace("openai:", ""))
            refused = lens.lensctl("restart")
            assert refused.returncode == 2
            assert "unknown model 'gtp-4o'" in refused.stderr
            config.write_text(config.read_text().replace("to: gtp-4o", "to: openai:gpt-4o"))
            restarted = pool.submit(lens.lensctl, "restart", check=True)
            threading.Timer(2.0, go.set).start()
            assert "in time" in running.result()
            restarted.result()
        upstream.play(lambda _: say(text("routed", pieces=1)))
        assert "routed" in ask(lens)
        assert [call.request.path for call in upstream.calls] == ["/v1/chat/completions"]
    finally:
        go.set()
        lens.close()
