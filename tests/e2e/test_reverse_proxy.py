"""The README's nginx section, taken from the README and run."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.processes import ROOT, free_port
from tests.harness.proxy import Proxy, until
from tests.upstream import Provider, always, say, slow, text

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
NAME = "lens.example.org"
HELLO = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
MAIN = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


@pytest.fixture(scope="module")
def proxy_behind(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("behind nginx")
    with Proxy(home, provider.url, CLAUDE_LENS_ALLOWED_HOSTS=NAME) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def nginx(proxy_behind: Proxy) -> Iterator[str]:
    """An nginx with the README's section before a proxy; its address."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    section = re.search(
        r"<!-- nginx: begin -->\s*```nginx\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert section
    location = section[1].replace("http://127.0.0.1:8082", proxy_behind.url)
    assert location != section[1]
    folder, port = Path(proxy_behind.home).parent / "nginx", free_port()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, port=port, location=location))
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url), 20, lambda: (folder / "error.log").read_text())
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + "/health", headers={"host": NAME}).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_allowed_name_only(nginx: str) -> None:
    assert httpx.get(nginx + "/health", headers={"host": NAME}).json()["service"] == "claude-lens"
    assert httpx.get(nginx + "/health", headers={"host": "evil.example"}).status_code == 403


def test_streams_are_not_held_back(nginx: str, proxy_behind: Proxy, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("one two three")), between=0.4)))
    headers = {"x-api-key": proxy_behind.key, "host": NAME, "anthropic-version": "2023-06-01"}
    body = {**HELLO, "stream": True}
    seen: list[float] = []
    with httpx.stream("POST", nginx + "/v1/messages", json=body, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        for _ in answer.iter_raw():
            seen.append(time.monotonic())
    assert len(seen) > 3
    assert seen[-1] - seen[0] > 1.0


def test_a_body_of_five_megabytes(nginx: str, proxy_behind: Proxy, upstream: Provider) -> None:
    headers = {"x-api-key": proxy_behind.key, "host": NAME, "anthropic-version": "2023-06-01"}
    body = {**HELLO, "messages": [{"role": "user", "content": "x" * 5_000_000}]}
    assert httpx.post(nginx + "/v1/messages", json=body, headers=headers, timeout=60).status_code == 200
    assert len(upstream.requests[-1].body) > 5_000_000
