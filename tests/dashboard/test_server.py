"""The socket, and the link to it."""

from __future__ import annotations

import pytest

from claude_lens.dashboard import server
from claude_lens.dashboard.access import Access
from claude_lens.errors import HostError
from claude_lens.settings import Settings


def test_a_taken_port_is_a_plain_error() -> None:
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HostError, match=f"cannot listen on 127.0.0.1 port {port}"):
            server.listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8083"),
        ("0.0.0.0", "http://127.0.0.1:8083"),
        ("::1", "http://[::1]:8083"),
    ],
)
def test_addresses_for_a_browser(host: str, url: str) -> None:
    assert server.address(host, 8083) == url


def test_a_link_opens_once(settings: Settings) -> None:
    token = server.link(settings, "http://127.0.0.1:1").partition("token=")[2]
    assert Access(settings.home).use_link(token)
    assert not Access(settings.home).use_link(token)
