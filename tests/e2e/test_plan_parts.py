"""Whose the plan's hours are: two real proxies of one account, against a provider's hidden weights."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Proxy
from tests.upstream import Call, Provider, Reply, Tokens, say, text
from tests.upstream.server import Answer, Received

pytestmark = pytest.mark.slow
ACCOUNT = "7c1f0000-0000-4000-8000-000000000007"
PRICED = {"small": Tokens(input=10_000, output=1), "large": Tokens(input=30_000, output=1)}
WEIGHTS = {"small": 0.004, "large": 0.012}
"""What a request uses of the window: hidden from the proxies, in the ratio of the prices."""


class Window:
    """A provider's own account of a window: exact inside, rounded to 1 % in its headers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.resets = 0
        self.begin()

    def begin(self) -> None:
        """A new window; what was used is gone."""
        self.used, self.elsewhere = 0.0, 0.0
        self.parts: dict[str, float] = defaultdict(float)
        self.resets = int(time.time()) + 3600 + (60 if self.resets else 0)

    def foreign(self, used: float) -> None:
        """Somebody's phone."""
        self.used += used
        self.elsewhere += used

    @property
    def shown(self) -> float:
        """As the headers say it."""
        return round(self.used, 2)

    def script(self, call: Call) -> Reply:
        """An answer, whose head tells what was used before it."""
        said = call.prompts[-1]
        weight = WEIGHTS.get(said, 0.0)

        def reply(request: Received) -> Answer:
            with self.lock:
                made = say(text("hello"), tokens=PRICED.get(said, Tokens(input=0, output=0)))(request)
                told = (
                    ("anthropic-ratelimit-unified-5h-utilization", f"{self.shown}"),
                    ("anthropic-ratelimit-unified-5h-reset", f"{self.resets}"),
                )
                self.used += weight
                self.parts[str(request.header("x-claude-code-session-id"))] += weight
                return replace(made, headers=(*made.headers, *told))

        return reply


def ask(proxy: Proxy, session: str, said: str) -> None:
    """One request, and its record."""
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": said}],
        "metadata": {"user_id": json.dumps({"account_uuid": ACCOUNT, "session_id": session})},
    }
    assert proxy.post(body, **{"x-claude-code-session-id": session}).status_code == 200
    proxy.settled()


def plan(proxy: Proxy) -> dict[str, Any]:
    (found,) = json.loads(proxy.lensctl("plan", "--json").stdout)["windows"]
    told: dict[str, Any] = found
    return told


def judge(window: Window, *proxies: Proxy) -> None:
    """Sums to the header's figure exactly, each within rounding, and all proxies say the same."""
    first, *others = (plan(proxy) for proxy in proxies)
    assert all(other == first for other in others)
    shares: dict[str, float] = defaultdict(float)
    for part in first["by"]:
        shares[part["session_id"]] += part["share"]
    assert (first["account"], first["used"]) == (ACCOUNT, window.shown)
    assert sum(shares.values()) + first["elsewhere"] == pytest.approx(window.shown, abs=1e-9)
    for session, share in shares.items():
        # One rounding at each change of who asks, and the header's own.
        assert share == pytest.approx(window.parts[session], abs=0.025)
    assert first["elsewhere"] == pytest.approx(window.elsewhere, abs=0.015)


def test_two_proxies_of_one_account(provider: Provider, upstream: Provider, tmp_path: Path) -> None:
    """One in each lane, with one store: they tell the same."""
    window = Window()
    upstream.play(window.script)
    store = f"sqlite:///{tmp_path / 'shared.db'}"
    with (
        Proxy(tmp_path / "one", provider.url, CLAUDE_LENS_DATABASE_URL=store) as one,
        Proxy(
            tmp_path / "two", provider.url, CLAUDE_LENS_DATABASE_URL=store, CLAUDE_LENS_TRANSPARENT="off"
        ) as two,
    ):
        ask(one, "s0", "free")
        for _ in range(8):
            ask(one, "s1", "small")
        for _ in range(8):
            ask(two, "s2", "large")
        # Whatever is used while nobody of ours asks is seen by the next answer, beside one that cost nothing.
        ask(two, "s0", "free")
        window.foreign(0.2)
        ask(one, "s0", "free")
        judge(window, one, two)
        for _ in range(6):
            ask(one, "s2", "large")
        ask(two, "s0", "free")
        judge(window, one, two)
        window.begin()
        ask(one, "s0", "free")
        for _ in range(5):
            ask(two, "s1", "small")
        ask(one, "s0", "free")
        judge(window, one, two)
        for proxy in (one, two):
            proxy.assert_sound()
