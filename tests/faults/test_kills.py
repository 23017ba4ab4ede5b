"""SIGKILL to the proxy, the recorder, or both, at any moment under load."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from tests.faults.conftest import SECONDS, Site, long_form
from tests.harness.proxy import KEY

NewSite = Callable[..., Site]


class Load:
    """Clients that go on whatever happens; ``answered`` are the times at which answers ended, by client."""

    def __init__(self, site: Site, clients: int) -> None:
        self.site = site
        self.answered: list[float] = []
        self.harmed: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        while not self._stop.is_set():
            try:
                with httpx.Client(headers=headers, timeout=60) as client:
                    answer = client.post(self.site.proxy.url + "/v1/messages", json=self.site.body(20_000))
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code != 200 or "hello" not in answer.text:
                self.harmed.append(answer.text[:200])
            self.answered.append(time.monotonic())

    def stop(self) -> None:
        """Let them finish."""
        self._stop.set()
        for thread in self._threads:
            thread.join(90)


def play(site: Site, seconds: float, seed: int) -> None:
    """Kill at random for so long; then every answer is a row, or counted, or ended right before a kill."""
    chance, load, kills = random.Random(seed), Load(site, 4), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 3.0))
        victims = chance.choice(["recorder", "proxy", "both"])
        if victims == "recorder":
            os.kill(site.recorder(), signal.SIGKILL)
        else:
            kills.append(time.monotonic())
            site.proxy.kill(recorder=victims == "both")
            kills.append(time.monotonic())
            site.proxy.start(early=True)
        site.look()
    load.stop()
    now = site.settled(300)
    assert load.harmed == []
    assert site.rows() == now.stored
    assert now.passed >= len(load.answered)
    late = sum(any(begun - 0.5 < at for begun in kills[::2]) for at in load.answered)
    assert now.lost <= late
    assert len(load.answered) > 0


def test_some_kills(new_site: NewSite) -> None:
    site = new_site()
    site.send(3)
    os.kill(site.recorder(), signal.SIGKILL)
    site.send(3)
    site.proxy.kill()
    site.proxy.start(early=True)
    site.send(3)
    site.proxy.kill(recorder=True)
    site.proxy.start(early=True)
    now = site.settled()
    assert site.rows() == now.stored
    assert now.lost <= 1
    assert now.passed == site.sent == 9


@long_form
@pytest.mark.timeout(int(SECONDS) + 600)
@pytest.mark.parametrize("seed", [1])
def test_kills_at_random(new_site: NewSite, database: str | None, seed: int) -> None:
    play(new_site(database), SECONDS, seed)
