"""The status line: its parts, with and without a proxy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claude_lens import statusline
from tests.harness import Proxy
from tests.harness.processes import child_environment, free_port

TOLD: dict[str, Any] = {
    "session_id": "abcdef0123",
    "model": {"id": "claude-opus-5-5", "display_name": "Opus"},
    "cwd": "/home/me/shop",
    "cost": {"total_cost_usd": 0.5},
    "context_window": {
        "context_window_size": 200000,
        "used_percentage": 41,
        "current_usage": {
            "input_tokens": 30,
            "cache_read_input_tokens": 970,
            "cache_creation_input_tokens": 0,
        },
    },
    "rate_limits": {"five_hour": {"used_percentage": 62.4}, "seven_day": {"used_percentage": 30}},
}
PROXY: dict[str, Any] = {
    "cost_usd": 0.82,
    "limits": [{"name": "code-reviewer", "spent": 0.31, "limit": 2.0, "unit": "usd"}],
    "plan": [{"name": "5h", "used": 0.62, "gained": 0.03}, {"name": "7d", "used": 0.3, "gained": 0.0}],
}


def test_the_whole_line() -> None:
    assert statusline.line(TOLD, PROXY) == (
        "opus-5.5 · ctx 41 % · cache 97 % · $0.82 · code-reviewer $0.31 of $2 · 5h 62 % (+3) · 7d 30 %"
    )


def test_without_a_proxy_the_clients_own_figures() -> None:
    assert statusline.line(TOLD, {}) == "opus-5.5 · ctx 41 % · cache 97 % · $0.50 · 5h 62 % · 7d 30 %"
    assert statusline.line({}, {}) == ""


@pytest.mark.parametrize(
    ("ident", "shown"),
    [
        ("claude-sonnet-4-5-20250929", "sonnet-4.5"),
        ("claude-opus-4-20250514", "opus-4"),
        ("claude-3-5-sonnet-20241022", "sonnet-3.5"),
        ("us.anthropic.claude-haiku-4-5-v1:0", "haiku-4.5"),
        ("gpt-5", "gpt-5"),
    ],
)
def test_models(ident: str, shown: str) -> None:
    assert statusline.line({"model": {"id": ident}}, {}) == shown


def test_a_template_of_ones_own() -> None:
    template = "{project} · in {session} · {cost} · {limits}"
    assert statusline.line(TOLD, {}, template) == "shop · in abcdef01 · $0.50"
    assert statusline.line({"cwd": "/a\x1b[31m"}, {}, "{project}") == "a [31m"


@pytest.mark.parametrize(
    "odd", [{"model": 3, "cost": [], "context_window": "x"}, {"rate_limits": {"five_hour": None}}]
)
def test_odd_json(odd: dict[str, Any]) -> None:
    assert statusline.line(odd, {"plan": None, "limits": None}) == ""


def run(told: bytes, **environment: str) -> str:
    command = [sys.executable, "-P", "-m", "claude_lens.statusline"]
    done = subprocess.run(
        command, input=told, env=child_environment(**environment), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_nobody_answers(tmp_path: Path) -> None:
    place = {"CLAUDE_LENS_HOME": str(tmp_path), "CLAUDE_LENS_URL": f"http://127.0.0.1:{free_port()}"}
    assert run(json.dumps(TOLD).encode(), **place).startswith("opus-5.5 · ctx 41 %")
    assert run(b"no JSON", **place) == "\n"


def test_the_proxys_figures(proxy: Proxy) -> None:
    (proxy.home / "guard.yaml").write_text("rules:\n  - session: 5\n")
    body = {"model": "claude-sonnet-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
    for _ in range(2):
        assert proxy.post(body, **{"x-claude-code-session-id": "line-1"}).status_code == 200
    proxy.settled()
    told = run(json.dumps({**TOLD, "session_id": "line-1"}).encode(), **proxy.environment)
    (proxy.home / "guard.yaml").unlink()
    assert "· $0.00 · session $0.00 of $5 ·" in told
    assert "$0.50" not in told


def test_standard_library_only() -> None:
    code = (
        "import claude_lens.statusline; print([m for m in sys.modules if m in ('click', 'httpx', 'pathlib')])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]", done.stderr
