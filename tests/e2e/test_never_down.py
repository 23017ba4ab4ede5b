"""Nobody is refused or cut while the proxy is replaced; one that dies is back before the client gives up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest

from claude_lens.proxy import key as keys
from claude_lens.proxy import record as records
from claude_lens.proxy.health import health
from tests.harness.client import QUIET, executable
from tests.harness.lens import Lens
from tests.harness.processes import ROOT
from tests.harness.proxy import until
from tests.upstream import Provider, always, say, slow, text

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
WANTED = 1000
CLIENTS = 8


@pytest.fixture
def user(lens: Lens, upstream: Provider) -> Lens:
    """A user whose proxy serves."""
    lens.environment |= {"ANTHROPIC_FORWARD_URL": upstream.url, "ANTHROPIC_API_KEY": "sk-ant-x"}
    lens.lensctl("up", check=True)
    return lens


class Load:
    """Clients that ask one request after the other: half keep their connection, half open one for each."""

    def __init__(self, user: Lens) -> None:
        self.outcomes: Counter[str] = Counter()
        self.key = keys.proxy_key(user.settings)
        self.url = user.url
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _ask(self, number: int) -> None:
        kept = httpx.Client(timeout=60)
        while not self.stop.is_set():
            given = {"x-api-key": self.key, "x-claude-code-session-id": f"load-{number}"}
            try:
                client = kept if number % 2 else httpx.Client(timeout=60)
                answer = client.post(f"{self.url}/v1/messages", json=BODY, headers=given)
                whole = "all of it" in answer.text
                outcome = f"{answer.status_code}{'' if whole else ' ' + answer.text[-200:]}"
                if client is not kept:
                    client.close()
            except httpx.HTTPError as error:
                outcome = repr(error)
            self.outcomes[outcome] += 1
            # As a session does: a connection idles between two requests, now and then for longer.
            time.sleep(0.3 if self.outcomes.total() % 7 == number % 7 else 0.01)
        kept.close()

    def end(self) -> int:
        """How many were asked; all were answered whole."""
        until(lambda: self.outcomes.total() >= WANTED, 120, lambda: str(self.outcomes))
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert set(self.outcomes) == {"200"}, self.outcomes
        return self.outcomes.total()


def upgraded(folder: Path) -> Path:
    """Another version of the package in a folder of its own."""
    tree = folder / "another version"
    shutil.copytree(ROOT / "claude_lens", tree / "claude_lens", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "callbacks", tree / "callbacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "litellm_config.yaml", tree)
    package = tree / "claude_lens" / "__init__.py"
    package.write_text(package.read_text().replace("0.1.0", "0.1.9"))
    assert "0.1.9" in package.read_text()
    return tree


def recorded(user: Lens) -> Counter[str]:
    """Exchanges in the database by how they ended."""
    with sqlite3.connect(user.home / "lens.db") as connection:
        found = connection.execute("SELECT status, count(*) FROM exchanges GROUP BY status").fetchall()
    connection.close()
    return Counter(dict(found))


@pytest.mark.slow
def test_replaced_under_load(user: Lens, upstream: Provider, tmp_path: Path) -> None:
    """Restart, rotation of the key (the clients keep the old one) and an upgrade, in a row."""
    upstream.play(always(slow(say(text("all of it")), first=0.05, between=0.02)))
    tree, load = upgraded(tmp_path), Load(user)
    pids = [health(user.url).pid]
    for words in (["restart"], ["key", "rotate"]):
        user.lensctl(*words, check=True)
        pids.append(health(user.url).pid)
    done = user.run(sys.executable, "-P", "-m", "claude_lens", "restart", PYTHONPATH=str(tree))
    assert done.returncode == 0, done.stderr
    after = health(user.url, user.settings)
    assert after.detail["version"] == "0.1.9"
    assert after.proved
    assert len({*pids, after.pid}) == 4
    asked = load.end()
    # What the installation brings along is the new one's.
    record = records.read(user.settings)
    assert record["config"] == str(tree / "litellm_config.yaml")
    user.lensctl("down", check=True)
    assert recorded(user) == {"ok": asked}
    for process in psutil.process_iter(["cmdline"]):
        assert str(user.home) not in " ".join(process.info["cmdline"] or ()), process


@pytest.mark.slow
def test_the_clients_own_retry_hides_a_killed_proxy(user: Lens, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("all of it")), first=1.0)))
    first = health(user.url).pid
    assert first is not None
    client = user.start(
        sys.executable,
        ROOT / "bin" / "claude-lens",
        "-p",
        "hello",
        "--output-format",
        "json",
        CLAUDE_LENS_CLAUDE=str(executable()),
        **QUIET,
    )
    assert client.stdin is not None
    client.stdin.close()
    client.stdin = None
    until(lambda: bool(upstream.calls), 60, lambda: str(client.poll()))
    os.kill(first, signal.SIGKILL)
    # Nobody is refused meanwhile: connections wait at the watcher's sockets.
    answer = httpx.get(f"{user.url}/health", timeout=60)
    assert answer.json()["pid"] != first
    out, err = client.communicate(timeout=120)
    assert (client.returncode, json.loads(out)["result"]) == (0, "all of it"), err
    log = (user.home / "proxy.log").read_text()
    assert f"the proxy (process {first}) was ended by SIGKILL, by hand or for want of memory," in log
    assert "; it is started again at once" in log
    facts = json.loads(user.lensctl("status", "--json", check=True).stdout)
    assert (facts["pid"], facts["watcher"]["deaths"]) == (answer.json()["pid"], 1)
    assert "brought the proxy back 1 time; last it was ended by SIGKILL" in user.lensctl("status").stdout
    # It serves with the environment that it had.
    assert facts["credential"] == "proxy"


@pytest.mark.timed
def test_a_killed_proxy_answers_again_within_two_seconds(user: Lens, upstream: Provider) -> None:
    upstream.play(always(say(text("here I am"))))
    key = (user.home / "key").read_text().strip()
    waits = []
    for _ in range(3):
        pid = json.loads(user.lensctl("status", "--json", check=True).stdout)["pid"]
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        answer = httpx.post(f"{user.url}/v1/messages", json=BODY, headers={"x-api-key": key}, timeout=60)
        waits.append(time.monotonic() - begun)
        assert "here I am" in answer.text
        time.sleep(1)
    assert min(waits) < 2, waits
