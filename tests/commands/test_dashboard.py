"""``lensctl dashboard`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil
import pytest

from tests.dashboard.conftest import Served
from tests.harness.lens import Lens


@pytest.fixture
def user(tmp_path: Path) -> Lens:
    """Somebody with an empty home."""
    return Lens(tmp_path)


def test_it_prints_a_link_serves_and_ends(user: Lens) -> None:
    served = Served(user.environment, user.cwd)
    try:
        with httpx.Client() as http:
            assert http.get(served.url + "/live").status_code == 401
            assert http.get(served.link).status_code == 200
            assert http.get(served.url + "/live").status_code == 200
        assert {
            c.laddr.ip
            for c in psutil.Process(served.child.popen.pid).net_connections()
            if c.status == "LISTEN"
        } == {"127.0.0.1"}
        again = user.lensctl("dashboard", "--no-open", "--port", str(served.port))
        assert again.returncode == 0, again.stderr
        assert again.stdout.startswith(f"{served.url}/open?token=")
        assert httpx.get(again.stdout.strip()).status_code == 200
        assert httpx.get(served.link).status_code == 401
        link = user.lensctl("dashboard", "--link", "--no-open", "--port", str(served.port)).stdout
        assert httpx.get(link.strip()).status_code == 200
    finally:
        served.close()
    assert served.child.popen.returncode == 0


def test_a_taken_port_is_told(user: Lens) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = user.lensctl("dashboard", "--no-open", "--port", str(port))
        link = user.lensctl("dashboard", "--link", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.strip().startswith(f"lensctl: cannot listen on 127.0.0.1 port {port}")
    assert (link.returncode, link.stdout) == (1, "")
    assert link.stderr.startswith(f"lensctl: no dashboard answers at http://127.0.0.1:{port}")


def test_the_port_is_a_setting(user: Lens) -> None:
    served = Served(user.environment, user.cwd)
    try:
        done = user.lensctl("dashboard", "--no-open", WEB_PORT=str(served.port))
        assert done.stdout.startswith(served.url)
    finally:
        served.close()
