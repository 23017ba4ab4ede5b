"""The plugin inside a plain `litellm --config`, as people run it who have a proxy already."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.processes import ROOT, Child
from tests.harness.proxy import Proxy, until
from tests.upstream import Provider

HELLO = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


class PlainProxy(Proxy):
    """LiteLLM's own command line, with two workers."""

    def start(self, early: bool = False) -> None:
        """Start and wait until healthy."""
        litellm = Path(sys.executable).with_name("litellm")
        command = [str(litellm), "--config", str(self.config), "--host", "127.0.0.1", "--num_workers", "2"]
        # Uvicorn kills a worker that does not answer within 5 s, which two that import LiteLLM may not manage
        # on a busy machine; it then starts others, for ever.
        command += ["--timeout_worker_healthcheck", "60"]
        with self.log.open("ab") as output:
            self._child = Child(
                [*command, "--port", str(self.port)], self.environment, self.home, output=output
            )
        try:
            until(self.healthy, 120, lambda: self.log.read_text()[-4000:])
        except BaseException:
            self.close(1)
            raise


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("plain home")
    # The callbacks lie beside the configuration, as LiteLLM wants them.
    shutil.copytree(ROOT / "callbacks", home / "callbacks")
    config = Path(shutil.copy(ROOT / "litellm_config.yaml", home))
    with PlainProxy(home, provider.url, config) as proxy:
        yield proxy


def test_the_front_stands_before_litellms_routes(plain: Proxy, upstream: Provider) -> None:
    assert httpx.get(plain.url + "/health").json()["service"] == "claude-lens"
    answer = httpx.post(plain.url + "/v1/messages", json=HELLO, headers={"x-api-key": "wrong"})
    assert answer.status_code == 401
    assert plain.post({**HELLO, "unknown_field": 1}).json()["content"][0]["text"] == "hello"
    assert json.loads(upstream.requests[-1].body)["unknown_field"] == 1


def test_no_date_or_server_twice(plain: Proxy, upstream: Provider) -> None:
    answer = plain.post(HELLO)
    for name in ("date", "server", "content-length"):
        assert len(answer.headers.get_list(name)) <= 1, name


def test_every_worker_records(plain: Proxy, upstream: Provider) -> None:
    for _ in range(12):
        assert plain.post(HELLO).status_code == 200
    plain.close()
    shown = plain.lensctl("sessions", "--json")
    assert sum(session["exchanges"] for session in json.loads(shown.stdout)) >= 12
