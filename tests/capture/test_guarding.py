"""The guard at the door of a real proxy; sums against the scripted provider's own."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness import Proxy
from tests.harness.proxy import until
from tests.harness.redis import Redis
from tests.upstream import Provider, Tokens, always, held, say, slow, text
from tests.upstream.server import Received

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
TOKENS = Tokens(input=1000, output=100, cache_read=5000, cache_write_5m=200, cache_write_1h=100)
PRICE = (1000 * 3 + 100 * 15 + 5000 * 0.3 + 200 * 3.75 + 100 * 6) / 1e6
TITLE = {**BODY, "messages": [{"role": "user", "content": "Please write a 5-10 word title for this"}]}


def ask(proxy: Proxy, session: str = "s1", body: Any = BODY, path: str = "/v1/messages") -> httpx.Response:
    return proxy.post(body, path, **{"x-claude-code-session-id": session})


def limits(proxy: Proxy) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(proxy.lensctl("guard", "--json").stdout)
    return told


def rule(proxy: Proxy, ident: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in limits(proxy)["rules"] if one["id"] == ident)
    return found


def counted(provider: Provider) -> list[Received]:
    return [one for one in provider.requests if one.path.startswith("/v1/messages")]


@pytest.fixture(scope="module", params=["auto", "off"], ids=["transparent", "translated"])
def guarded(
    request: pytest.FixtureRequest, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp(f"guard home {request.param}")
    with Proxy(home, provider.url, CLAUDE_LENS_TRANSPARENT=request.param) as running:
        yield running
        running.assert_sound()


@pytest.fixture
def proxy(guarded: Proxy, upstream: Provider) -> Iterator[Proxy]:
    upstream.play(always(say(text("hello"), tokens=TOKENS)))
    before = limits(guarded)["faults"]
    yield guarded
    (guarded.home / "guard.yaml").unlink(missing_ok=True)
    assert limits(guarded)["faults"] == before


def test_exact_sums_then_a_stop_and_nothing_more(proxy: Proxy, upstream: Provider) -> None:
    proxy.lensctl("guard", "set", "--session", "0.02")
    codes = [ask(proxy).status_code for _ in range(5)]
    proxy.settled()
    passed = codes.count(200)
    assert codes == [200] * passed + [402] * (5 - passed)
    assert passed == 3
    found = rule(proxy, "session")
    assert found["spent"] == pytest.approx(PRICE * len(counted(upstream)), abs=1e-9)
    assert (found["unit"], found["window"], found["mode"], found["scope"]) == (
        "usd",
        None,
        "stop",
        {"session": "*"},
    )
    assert len(found["stopped"]) == 2
    stop = found["stopped"][0]
    assert set(stop) == {"at", "session_id", "agent", "exchange_id"}
    shown = proxy.show(stop["exchange_id"])
    assert (shown["status"], shown["http_status"], shown["cost_usd"]) == ("refused", 402, 0.0)
    assert "lensctl guard allow session" in shown["error"]
    assert ask(proxy, "other").status_code == 200


def test_allowed_and_on_it_goes(proxy: Proxy) -> None:
    proxy.lensctl("guard", "set", "--session", "0.001")
    assert [ask(proxy, "s2").status_code for _ in range(2)] == [200, 402]
    proxy.settled()
    assert "s2" in proxy.lensctl("guard", "allow", "session", "--amount", "0.01").stdout
    assert ask(proxy, "s2").status_code == 200
    refusal = ask(proxy, "s2").json()
    assert refusal["error"]["type"] == "billing_error"
    proxy.lensctl("guard", "allow", "session", "--session", "s2")
    assert ask(proxy, "s2").status_code == 200


def test_titles_and_counts_are_free(proxy: Proxy) -> None:
    proxy.lensctl("guard", "set", "--session", "s3", "0")
    assert ask(proxy, "s3").status_code == 402
    assert ask(proxy, "s3", TITLE).status_code == 200
    assert ask(proxy, "s3", path="/v1/messages/count_tokens").status_code == 200
    proxy.settled()
    assert rule(proxy, "session:s3")["spent"] == 0


def test_fifty_at_once_at_a_limit(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello"), tokens=TOKENS), first=0.05)))
    limit = 4.2 * PRICE
    proxy.lensctl("guard", "set", "--session", f"{limit:.6f}")
    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(lambda _: ask(proxy, "s50").status_code, range(50)))
    proxy.settled()
    passed = codes.count(200)
    assert passed + codes.count(402) == 50
    assert passed == len(counted(upstream))
    assert limit <= passed * PRICE < limit + PRICE
    assert rule(proxy, "session")["spent"] == pytest.approx(passed * PRICE, abs=1e-9)


def test_requests_in_flight_count(proxy: Proxy, upstream: Provider) -> None:
    ready = threading.Event()
    upstream.play(always(held(say(text("hello")), ready)))
    proxy.lensctl("guard", "set", "--requests", "3/hour", "--session", "held")
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, proxy, "held") for _ in range(8)]
        until(lambda: sum(one.done() for one in asked) == 5, 30, lambda: "not five of eight refused")
        ready.set()
        codes = sorted(one.result().status_code for one in asked)
    assert codes == [200] * 3 + [402] * 5


def test_a_broken_file_stops_nobody_and_is_told(guarded: Proxy, upstream: Provider) -> None:
    (guarded.home / "guard.yaml").write_text("rules:\n  - {session: 0}\n")
    assert limits(guarded)["rules"], "the file is looked at beside the path, and when somebody asks"
    assert ask(guarded, "b").status_code == 402
    (guarded.home / "guard.yaml").write_text("rules:\n  - {session: much}\n")
    told = guarded.lensctl("guard").stdout
    assert "guard.yaml:2" in told
    assert ask(guarded, "b").status_code == 402, "the last good rules hold"
    (guarded.home / "guard.yaml").unlink()
    assert "problem" not in guarded.lensctl("guard").stdout
    assert ask(guarded, "b").status_code == 200


def test_warnings_reach_a_command_and_mode_warn_never_stops(proxy: Proxy, tmp_path: Path) -> None:
    out = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f"#!/bin/sh\ncat >> '{out}'\n")
    script.chmod(0o755)
    (proxy.home / "guard.yaml").write_text(
        f"notify: {{command: {script}}}\nrules:\n  - {{session: 0.01, mode: warn}}\n"
    )
    assert [ask(proxy, "w").status_code for _ in range(3)] == [200] * 3
    until(lambda: out.exists() and len(out.read_text().splitlines()) >= 1, 20, lambda: "nothing told")
    first = json.loads(out.read_text().splitlines()[0])
    assert (first["rule"], first["event"], first["session_id"], first["limit"]) == (
        "session",
        "warn",
        "w",
        0.01,
    )


def test_the_same_sums_after_a_kill(provider: Provider, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(always(say(text("hello"), tokens=TOKENS)))
    with Proxy(tmp_path / "home", provider.url) as running:
        (running.home / "guard.yaml").write_text(
            "rules:\n  - {session: 0.02}\n  - {project: /p, limit: 1/day}\n"
        )
        for _ in range(4):
            ask(running)
        running.settled()
        before = limits(running)["rules"]
        running.kill()
        offline = limits(running)
        running.start(early=True)
        assert ask(running).status_code == 402
        running.settled()
        after = limits(running)["rules"]
    assert before[0]["spent"] == pytest.approx(3 * PRICE, abs=1e-9)
    for told in (after, offline["rules"]):
        assert [one["spent"] for one in told] == pytest.approx([one["spent"] for one in before], abs=1e-9)
        assert told[0]["stopped"][0]["exchange_id"] == before[0]["stopped"][0]["exchange_id"]


def knows(proxy: Proxy, total: float) -> None:
    """Wait until the proxy has heard of all that was spent."""
    key = {"x-api-key": proxy.key}

    def heard() -> bool:
        told = httpx.get(proxy.url + "/claude-lens/guard", headers=key, timeout=10).json()
        return bool(abs(told["rules"][0]["spent"] - total) < 1e-9)

    until(heard, 20, lambda: "the sums are not shared")


def test_two_proxies_with_redis_have_one_limit(
    provider: Provider, upstream: Provider, tmp_path: Path
) -> None:
    upstream.play(always(say(text("hello"), tokens=TOKENS)))
    with Redis(tmp_path) as redis:
        port = str(redis.port)
        with (
            Proxy(tmp_path / "one", provider.url, REDIS_HOST="127.0.0.1", REDIS_PORT=port) as one,
            Proxy(tmp_path / "two", provider.url, REDIS_HOST="127.0.0.1", REDIS_PORT=port) as two,
        ):
            for running in (one, two):
                (running.home / "guard.yaml").write_text("rules:\n  - {limit: 0.03/month}\n")
            codes = []
            for number in range(8):
                codes.append(ask(one if number % 2 else two, f"s{number}").status_code)
                if codes[-1] == 200:
                    total = codes.count(200) * PRICE
                    for running in (one, two):
                        knows(running, total)
            assert codes == [200] * 5 + [402] * 3
            assert all(limits(running)["shared"] for running in (one, two))
            assert len(counted(upstream)) == 5


def test_recorded_as_refused(proxy: Proxy) -> None:
    proxy.lensctl("guard", "set", "--session", "0")
    assert ask(proxy, "r1").status_code == 402
    proxy.settled()
    assert "refused" in proxy.lensctl("exchanges", "--status", "refused").stdout
    assert "refused" in proxy.lensctl("show", "r1").stdout
    with sqlite3.connect(proxy.home / "lens.db") as connection:
        (cost,) = connection.execute(
            "SELECT sum(cost_usd) FROM exchanges WHERE status = 'refused'"
        ).fetchone()
    connection.close()
    assert cost == 0
