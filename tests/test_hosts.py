"""By which names the server may be asked."""

from __future__ import annotations

import httpx
import pytest

from claude_lens.hosts import HostGuard
from tests.harness import Proxy


@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("127.0.0.1:8082", None, True),
        ("localhost", None, True),
        ("[::1]:8082", None, True),
        ("127.9.9.9", None, True),
        ("lens.example.org", None, True),
        ("LENS.example.org:443", None, True),
        ("127.0.0.1:8082", "http://localhost:3000", True),
        ("evil.example", None, False),
        ("127.0.0.1.evil.example", None, False),
        ("", None, False),
        ("[::1", None, False),
        ("127.0.0.1:8082", "https://evil.example", False),
        ("127.0.0.1:8082", "null", False),
    ],
)
def test_refusal(host: str, origin: str | None, passes: bool) -> None:
    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
    refusal = HostGuard(("localhost", "lens.example.org")).refusal({"headers": headers})
    assert (refusal is None) == passes


def test_a_star_lets_all_pass() -> None:
    assert HostGuard(("*",)).refusal({"headers": [(b"host", b"anything")]}) is None


def test_the_proxy_refuses_a_rebound_name(proxy: Proxy) -> None:
    answer = httpx.get(proxy.url + "/health", headers={"host": "evil.example"})
    assert answer.status_code == 403
    assert "CLAUDE_LENS_ALLOWED_HOSTS" in answer.json()["error"]["message"]
    answer = proxy.post({"model": "claude-x"}, origin="https://evil.example")
    assert answer.status_code == 403
