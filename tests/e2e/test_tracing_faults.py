"""A backend in trouble is the backend's trouble: traffic, memory and shutdown do not feel it."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Proxy
from tests.harness.proxy import until
from tests.tracing.collector import Collector
from tests.upstream import Provider, always, say, text

pytestmark = [pytest.mark.slow]


def body(number: int) -> dict[str, Any]:
    return {
        "model": "claude-sonnet-4-5-20250929",
        "max_tokens": 9,
        "stream": True,
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": f"prompt {number} " + "x" * 50_000}],
    }


def test_a_silent_refusing_absent_and_healed_backend(tmp_path: Path) -> None:
    with Provider() as upstream, Collector(mode="hang") as backend:
        upstream.play(always(say(text("hello"))))
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "CLAUDE_LENS_STRICT": "0",
        }
        with Proxy(tmp_path / "home", upstream.url, None, **settings) as proxy:

            def otlp() -> dict[str, Any]:
                counters = proxy.status()["recording"]["counters"]
                found: dict[str, Any] = counters.get("tracing", {}).get("otlp", {})
                return found

            def ask(number: int) -> float:
                begun = time.perf_counter()
                head = {
                    "x-claude-code-session-id": f"s{number}",
                    "x-claude-code-prompt-id": f"p{number}",
                    "x-claude-code-request-class": "main",
                }
                assert "message_stop" in proxy.post(body(number), **head).text
                return time.perf_counter() - begun

            times = [ask(number) for number in range(30)]
            until(lambda: otlp().get("problem") == "no answer in time", 20, lambda: str(otlp()))
            times += [ask(number) for number in range(30, 60)]
            assert statistics.median(times) < 0.5
            assert max(times) < 3
            proxy.settled()
            assert proxy.status()["recording"]["recorded"] == 60
            backend.mode = 401
            until(lambda: otlp()["refused"] > 0, 60, lambda: str(otlp()))
            backend.stop()
            ask(60)
            until(lambda: otlp()["problem"] == "no connection", 60, lambda: str(otlp()))
            faults = proxy.status()["recording"]["faults"]["tracing"]
            assert 1 <= faults["count"] <= 10
            shown = proxy.lensctl("status").stdout
            host = backend.url.removeprefix("http://")
            assert f"tracing      otlp: host {host}, sent 0" in shown
            backend.mode = "ok"
            backend.start()
            until(lambda: otlp()["sent"] > 0 and not otlp()["queued"], 60, lambda: str(otlp()))
            assert otlp()["problem"] is None
            backend.mode = "hang"
            ask(61)
            begun = time.monotonic()
        assert time.monotonic() - begun < 25
        log = proxy.log.read_text()
        assert 1 <= log.count("recorder: tracing: TracingError: otlp: no answer in time") <= 2
        assert "Traceback" not in log


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_a_stopped_or_killed_proxy_could_not_send_arrives_after_the_next_start(
    tmp_path: Path, how: str
) -> None:
    with Provider() as upstream, Collector() as backend:
        upstream.play(always(say(text("hello"))))
        backend.stop()
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": backend.url, "CLAUDE_LENS_STRICT": "0"}
        proxy = Proxy(tmp_path / "home", upstream.url, None, **settings)
        proxy.start(early=True)
        try:
            for number in range(4):
                head = {
                    "x-claude-code-session-id": "s",
                    "x-claude-code-prompt-id": f"p{number}",
                    "x-claude-code-request-class": "main",
                }
                assert "message_stop" in proxy.post(body(number), **head).text
            proxy.settled()
            if how == "stop":
                proxy.close()
            else:
                proxy.kill(recorder=True)
            assert backend.spans == []
            backend.start()
            proxy.start(early=True)
            until(lambda: len(backend.spans) >= 8, 60, lambda: str([span.name for span in backend.spans]))
        finally:
            proxy.close()
        ids = [span.span_id for span in backend.spans]
        assert len(ids) == len(set(ids)) == 8
