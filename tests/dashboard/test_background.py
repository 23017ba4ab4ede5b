"""The dashboard beside the proxy."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from claude_lens.dashboard import background
from claude_lens.errors import HostError
from claude_lens.settings import Settings
from tests.harness import child_environment, free_port
from tests.harness.lens import Lens


@pytest.fixture
def here(settings: Settings) -> Settings:
    """On a free port."""
    return replace(settings, web_port=free_port())


def test_it_starts_once_and_stops(here: Settings) -> None:
    link = background.start(here, child_environment())
    try:
        assert httpx.get(link).status_code == 200
        again = background.start(here, child_environment())
        assert again != link
        assert httpx.get(again).status_code == 200
        for name in ("dashboard.json", "dashboard.log"):
            assert (here.home / name).stat().st_mode & 0o077 == 0
        assert "token" not in (here.home / "dashboard.log").read_text()
    finally:
        assert background.stop(here)
    assert not background.answers("127.0.0.1", here.web_port)
    assert not background.stop(here)


def test_two_starts_at_once_end_with_one_that_is_known(here: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        links = list(pool.map(lambda _: background.start(here, child_environment()), range(2)))
    try:
        assert {httpx.get(link).status_code for link in links} == {200}
    finally:
        assert background.stop(here)
    assert not background.answers("127.0.0.1", here.web_port)


def test_a_taken_port_is_told(here: Settings) -> None:
    with socket.create_server(("127.0.0.1", here.web_port)), pytest.raises(HostError, match="cannot listen"):
        background.start(here, child_environment())


@pytest.mark.parametrize("record", ["", "{}", '{"pid": "x"}', '{"pid": OURS, "started": 1}'])
def test_a_strange_record_stops_nobody(here: Settings, record: str) -> None:
    here.home.mkdir()
    (here.home / "dashboard.json").write_text(record.replace("OURS", str(os.getpid())))
    assert not background.stop(here)


@pytest.mark.slow
def test_up_and_down_take_it_along(tmp_path: Path) -> None:
    user = Lens(tmp_path, WEB_PORT=str(free_port()), ANTHROPIC_API_KEY="sk-ant-x")
    try:
        up = user.lensctl("up", "--dashboard")
        assert up.returncode == 0, up.stderr
        link = up.stdout.split()[-1]
        assert httpx.get(link).status_code == 200
        down = user.lensctl("down")
        assert down.returncode == 0, down.stderr
        with pytest.raises(httpx.ConnectError):
            httpx.get(link)
    finally:
        background.stop(user.settings)
        user.close()
