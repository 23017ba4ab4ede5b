"""Two users on one machine: whoever has the port gets nothing of the other, and each is told what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from claude_lens.launcher import listener
from tests.harness.processes import ROOT, child_environment, free_port

pytestmark = pytest.mark.skipif(
    not (hasattr(os, "getuid") and os.getuid() == 0 and shutil.which("useradd") and shutil.which("setpriv")),
    reason="only root can create users",
)
SECRET, LOGIN = "sk-ant-RECOGNISABLE-key-of-alice", "sk-ant-oat01-RECOGNISABLE-login-of-alice"
# The interpreter may lie in a folder of root's; reading what it needs is all that this lets them do.
READING = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
# Answers as one of ours would, in three ways, and keeps what it was sent.
IMPOSTOR = """
import http.server, json, sys, urllib.request
port, way, true, kept = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(kept, "a") as file:
            print(self.requestline, dict(self.headers), file=file)
        told = {"status": "healthy", "litellm": "ready", "service": "claude-lens", "version": "9.9",
                "pid": 1, "credential": "proxy"}
        if way == "lies":
            told |= {"proof": "0" * 64, "address": "127.0.0.1:%d" % port}
        elif way == "relays":
            told = json.load(urllib.request.urlopen(true + self.path))
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_GET

    def log_message(self, *_): pass

http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@dataclass
class User:
    """A user of this machine with a folder of their own."""

    name: str
    uid: int
    folder: Path

    @property
    def home(self) -> Path:
        """The home folder of their lens."""
        return self.folder / ".claude-lens"

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start a program as this user."""
        base = child_environment(HOME=str(self.folder), CLAUDE_LENS_HOME=str(self.home))
        base["PATH"] = f"{self.folder}:{base['PATH']}"
        for name in [name for name in base if name.startswith("COVERAGE")]:
            del base[name]  # it would be written where this user may not
        be = ["setpriv", "--reuid", str(self.uid), "--regid", str(self.uid), "--clear-groups", *READING]
        return subprocess.Popen(
            [*be, *map(str, command)],
            env={**base, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str | Path, **environment: str) -> tuple[int, str]:
        """Run a program as this user; its exit code, and all it said."""
        child = self.start(*command, **environment)
        out, err = child.communicate(timeout=120)
        return child.returncode, out + err

    def launch(self, **environment: str) -> tuple[int, str]:
        """Run a copy of ``claude-lens``."""
        return self.run(sys.executable, self.folder / "claude-lens", **environment)

    def lensctl(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run ``lensctl``."""
        return self.run(sys.executable, "-P", "-m", "claude_lens", *words, **environment)


def create(name: str) -> User:
    """A new user, with a claude that says which key it was given."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name} "))
    subprocess.run(["useradd", "--no-create-home", "--home-dir", folder, name], check=True)
    uid = int(subprocess.run(["id", "-u", name], capture_output=True, text=True, check=True).stdout)
    shutil.copy(ROOT / "bin" / "claude-lens", folder / "claude-lens")
    claude = folder / "claude"
    claude.write_text('#!/bin/sh\necho "claude got $ANTHROPIC_AUTH_TOKEN $ANTHROPIC_CUSTOM_HEADERS"\n')
    claude.chmod(0o755)
    for path in (folder, *folder.iterdir()):
        os.chown(path, uid, uid)
    return User(name, uid, folder)


@pytest.fixture(scope="module")
def users() -> Iterator[tuple[User, User]]:
    made = [create(f"lens-{who}-{os.getpid() % 10000}") for who in ("alice", "bob")]
    yield made[0], made[1]
    for user in made:
        user.lensctl("down", "--timeout", "1")
        for process in psutil.process_iter(["uids"]):
            if process.info["uids"] and process.info["uids"].real == user.uid:
                process.kill()
        subprocess.run(["userdel", user.name], check=False, capture_output=True)
        shutil.rmtree(user.folder)


@pytest.fixture(scope="module")
def proxy_of_alice(users: tuple[User, User]) -> int:
    """The port of alice's own proxy."""
    port = free_port()
    code, said = users[0].lensctl("up", PORT=str(port), ANTHROPIC_API_KEY=SECRET)
    assert code == 0, said
    return port


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while listener(f"127.0.0.1:{port}")[0] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("way", ["is silent", "lies", "relays"])
def test_an_impostor_on_the_port_gets_nothing(
    users: tuple[User, User], proxy_of_alice: int, way: str
) -> None:
    alice, bob = users
    port, true = free_port(), f"http://127.0.0.1:{proxy_of_alice}"
    kept = bob.folder / f"kept {way}"
    impostor = bob.start(sys.executable, "-c", IMPOSTOR, str(port), way, true, kept)
    try:
        wait_for(port)
        given = {"CLAUDE_LENS_URL": f"http://127.0.0.1:{port}", "ANTHROPIC_API_KEY": SECRET}
        given["CLAUDE_CODE_OAUTH_TOKEN"] = LOGIN
        code, said = alice.launch(**given)
        assert code == 1
        assert "is not your proxy" in said
        assert f"it is run by user {bob.name}" in said
        assert "Nothing was handed over" in said
        assert "PORT=" in said
        assert "claude got" not in said
        if way == "relays":
            assert f"passes questions on to your proxy at 127.0.0.1:{proxy_of_alice}" in said
            assert f"CLAUDE_LENS_PUBLISHED=127.0.0.1:{port}" in said
        # What runs is known from the home folder, so that these look where it says.
        elsewhere = {**given, "CLAUDE_LENS_HOME": str(alice.folder / "other"), "PORT": str(port)}
        (alice.folder / "other").mkdir(exist_ok=True)
        shutil.copy(alice.home / "key", alice.folder / "other" / "key")
        for path in (alice.folder / "other", alice.folder / "other" / "key"):
            os.chown(path, alice.uid, alice.uid)
        others = [["doctor"], ["doctor", "--live"], ["up"], ["env", "--reveal"]] if way == "lies" else []
        for words in (["status"], *others):
            code, said = alice.lensctl(*words, **elsewhere)
            assert code == 1, (words, said)
            assert f"user {bob.name}" in said, (words, said)
            assert "PORT=" in said, (words, said)
    finally:
        for process in psutil.Process(impostor.pid).children(recursive=True):
            process.kill()
        impostor.kill()
        impostor.communicate()
    received = kept.read_text()
    assert "/health?nonce=" in received
    for secret in (SECRET, LOGIN, (alice.home / "key").read_text().strip()):
        assert secret not in received


def test_two_users_on_the_default_port(users: tuple[User, User], proxy_of_alice: int) -> None:
    """The innocent case: the second user, who has no key yet, is told whose it is, and follows the advice."""
    _, bob = users
    code, said = bob.launch(PORT=str(proxy_of_alice), ANTHROPIC_API_KEY="sk-ant-of-bob")
    assert code == 1
    assert f"http://127.0.0.1:{proxy_of_alice} is not your proxy" in said
    assert "you have no key yet" in said
    advice = next(
        line for line in said.splitlines() if line.startswith("For a proxy of your own beside it: ")
    )
    port = advice.partition("PORT=")[2].partition(" ")[0]
    code, said = bob.launch(PORT=port, ANTHROPIC_API_KEY="sk-ant-of-bob")
    assert (code, said.strip()) == (
        0,
        f"claude got {(bob.home / 'key').read_text().strip()} x-claude-lens-project: "
        + str(bob.folder).replace(" ", "%20"),
    )
    code, said = bob.lensctl("status", "--json", PORT=port)
    assert (code, json.loads(said)["state"]) == (0, "ours")
