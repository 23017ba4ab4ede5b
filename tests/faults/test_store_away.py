"""The store is away, and processes end meanwhile: when it is back, everything is there."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Site, locked, long_form
from tests.harness.postgres import Postgres

NewSite = Callable[..., Site]


def test_locked_while_recorder_and_proxy_are_killed(new_site: NewSite) -> None:
    site = new_site()
    site.send(5)
    site.settled()
    with locked(site.home):
        site.send(20)
        os.kill(site.recorder(), signal.SIGKILL)
        site.send(10)
        site.proxy.kill(recorder=True)
        assert site.look().waiting == 30
        site.proxy.start(early=True)
        site.send(10)
        assert site.look().waiting == 40
        # It is told what they wait for, and ending the proxy does not wait for ever.
        site.proxy.close(60)
        now = site.look()
        assert (now.waiting, now.lost) == (40, 0)
        assert now.reason is not None
        assert "locked" in now.reason
        assert "40" in site.proxy.lensctl("status", check=False).stdout
    site.proxy.start(early=True)
    site.nothing_is_lost()
    secret = b"hello"
    assert all(secret not in path.read_bytes() for path in (site.home / "spool").rglob("*") if path.is_file())


@long_form
@pytest.mark.timeout(600)
def test_locked_for_fifteen_seconds_under_large_requests(new_site: NewSite) -> None:
    site = new_site()
    site.send(5)
    with locked(site.home):
        began = time.monotonic()
        threads = [threading.Thread(target=site.send, args=(30, 1 << 20)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(max(0.0, 15 - (time.monotonic() - began)))
    site.nothing_is_lost()


@long_form
@pytest.mark.timeout(900)
def test_a_server_is_stopped_for_two_minutes_with_a_restart(new_site: NewSite, postgres: Postgres) -> None:
    site = new_site(postgres.fresh())
    site.send(5)
    site.settled()
    postgres.stop()
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            site.send(5, 100_000)
            time.sleep(0.5)
        site.proxy.close(60)
        assert site.look().lost == 0
        site.proxy.start(early=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            site.send(5, 100_000)
            time.sleep(0.5)
    finally:
        postgres.start()
    site.nothing_is_lost()


@long_form
@pytest.mark.timeout(600)
def test_more_than_the_recorder_can_write(new_site: NewSite, database: str | None) -> None:
    site = new_site(database)
    until = time.monotonic() + 12

    def press() -> None:
        while time.monotonic() < until:
            site.send(1, 160_000)

    threads = [threading.Thread(target=press) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.settled(400)
    site.nothing_is_lost()
