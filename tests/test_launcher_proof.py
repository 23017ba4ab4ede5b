"""What the launcher takes for its own proxy, and which build of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claude_lens import launcher
from tests.harness.lens import Lens
from tests.harness.processes import ROOT, free_port


def test_what_proves_a_proxy() -> None:
    nonce, address = "n" * 32, "127.0.0.1:8082"
    answer = {"proof": launcher.proof("sk-mine", nonce, address), "address": address}
    assert launcher.proved(answer, ["sk-other", "sk-mine"], nonce, address) == "sk-mine"
    assert launcher.proved(answer, ["sk-mine"], "m" * 32, address) == ""
    assert launcher.proved(answer, ["sk-mine"], nonce, "127.0.0.1:8083") == ""
    assert launcher.proved({"proof": ["ä"]}, ["sk-mine"], nonce, address) == ""
    assert launcher.proved({}, [], nonce, address) == ""
    relayed = launcher.unproved(answer, ["sk-mine"], nonce, "127.0.0.1:9")
    assert relayed == "passes questions on to your proxy at 127.0.0.1:8082"
    assert launcher.unproved(answer, ["sk-x"], nonce, address) == "does not know your key"
    assert launcher.unproved({}, ["sk-x"], nonce, address) == "proves nothing, as old versions do"


def test_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = launcher.written(server.getsockname())
        assert launcher.listener(address) == (os.getuid(), os.getpid())
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "[::1]"):
            assert launcher.listener(f"{host}:{port}") == (os.getuid(), os.getpid())
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert launcher.listener(f"[::1]:{server.getsockname()[1]}") == (None, None)
    assert launcher.listener(f"127.0.0.1:{free_port()}") == (None, None)
    assert launcher.written(("::ffff:127.0.0.1", 80, 0, 0)) == "127.0.0.1:80"
    assert launcher.written(("fe80::1%eth0", 80, 0, 2)) == "[fe80::1]:80"


def test_a_proxy_of_a_version_that_proves_nothing_is_known_by_its_user(tmp_path: Path) -> None:
    """So that an upgrade finds it; beyond this machine only TLS says whose it is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = launcher.written(server.getsockname())
        assert launcher.vouched(f"http://{address}", {}, address)
        assert not launcher.vouched(f"http://{address}", {"proof": "of another key"}, address)
    assert not launcher.vouched(f"http://{address}", {}, address)
    assert launcher.vouched("https://lens.example", {}, "192.0.2.1:443")
    assert not launcher.vouched("https://127.0.0.1:1", {}, "127.0.0.1:1")
    assert not launcher.vouched("http://lens.example", {}, "192.0.2.1:80")


def test_a_key_that_the_proxy_does_not_know(served: Lens) -> None:
    done = served.launch(LITELLM_MASTER_KEY="sk-of-somebody-else", CLAUDE_LENS_HOME=str(served.folder / "x"))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{served.url} is not your proxy: a claude-lens proxy that does not know your key" in done.stderr
    assert "it is run by you (process " in done.stderr
    assert "Give it the same LITELLM_MASTER_KEY" in done.stderr
    assert "sk-of-somebody-else" not in done.stderr
    # Its own key proves it, and another one is for LiteLLM to judge.
    assert served.launch(CLAUDE_LENS_KEY="sk-virtual").returncode == 7
    assert served.told["env"]["ANTHROPIC_AUTH_TOKEN"] == "sk-virtual"
    trusted = {"CLAUDE_LENS_HOME": str(served.folder / "x"), "CLAUDE_LENS_KEY": "sk-virtual"}
    assert served.launch(**trusted).returncode == 1
    assert served.launch(**trusted, CLAUDE_LENS_TRUSTED_URL=served.url + "/").returncode == 7


def test_a_build(tmp_path: Path) -> None:
    assert launcher.build_of(str(tmp_path)) == ""
    for room in ("capture", "dashboard"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text("1")
    first = launcher.build_of(str(tmp_path))
    (tmp_path / "dashboard" / "a.py").write_text("2")
    assert launcher.build_of(str(tmp_path)) == first
    (tmp_path / "capture" / "a.py").write_text("2")
    assert launcher.build_of(str(tmp_path)) != first != ""


def test_another_build_that_still_runs_is_said(served: Lens, tmp_path: Path) -> None:
    tree = tmp_path / "claude_lens"
    shutil.copytree(ROOT / "claude_lens", tree, ignore=shutil.ignore_patterns("__pycache__"))
    assert served.run(sys.executable, tree / "launcher.py").stderr == ""
    with (tree / "capture" / "lane.py").open("a") as file:
        file.write("# newer\n")
    done = served.run(sys.executable, tree / "launcher.py")
    assert (done.returncode, done.stderr) == (
        7,
        "claude-lens: the proxy still runs another build than the installed one; run: lensctl restart\n",
    )


def test_something_else_on_the_port(lens: Lens) -> None:
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(lens.port)]
    other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=lens.cwd)
    try:
        deadline = time.monotonic() + 10
        while launcher.ask(lens.url).state == "down" and time.monotonic() < deadline:
            time.sleep(0.05)
        done = lens.launch()
    finally:
        other.kill()
        other.wait()
    assert done.returncode == 1
    assert "is not a claude-lens proxy: HTTP/1.0 404 File not found from SimpleHTTP" in done.stderr


def test_key_for_a_remote_proxy_is_asked_for(served: Lens, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://lens.invalid:{server.getsockname()[1]}"
        done = served.launch(CLAUDE_LENS_HOME=str(tmp_path), CLAUDE_LENS_URL=url)
    assert done.returncode == 1
    assert f"{url} does not answer" in done.stderr
    done = served.launch(CLAUDE_LENS_HOME=str(tmp_path), CLAUDE_LENS_URL=served.url)
    assert done.returncode == 1
    assert "is not yours: you have no key yet" in done.stderr


def test_silent_server_is_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "ANSWER_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seen = launcher.ask(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (seen.state, seen.said) == ("foreign", "no answer within 0.2 s")
    assert launcher.ask(f"http://127.0.0.1:{free_port()}").state == "down"
