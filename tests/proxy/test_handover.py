"""Sockets bound and handed on."""

from __future__ import annotations

import select
import socket
import stat
import threading
from pathlib import Path

import pytest

from claude_lens.proxy import handover
from tests.harness.processes import free_port


def test_bound_is_not_yet_listening() -> None:
    port = free_port()
    (listener,) = handover.bind("127.0.0.1", port)
    with listener:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        listener.listen()
        with socket.create_connection(("127.0.0.1", port), 5):
            pass
        with pytest.raises(OSError, match="in use"):
            handover.bind("127.0.0.1", port)
        assert handover.serve_at([listener], "127.0.0.1", port)
        assert not handover.serve_at([listener], "127.0.0.1", port + 1)
        assert not handover.serve_at([listener], "0.0.0.0", port)
        assert not handover.serve_at([], "127.0.0.1", port)


def test_every_address_takes_both_kinds() -> None:
    port = free_port()
    for host, reached in (("::", ("127.0.0.1", "::1")), ("::1", ("::1",)), ("localhost", ("127.0.0.1",))):
        made = handover.bind(host, port)
        try:
            assert handover.serve_at(made, host, port)
            for listener in made:
                listener.listen()
            for address in reached:
                socket.create_connection((address, port), 5).close()
        finally:
            for listener in made:
                listener.close()


@pytest.mark.parametrize("name", ["home", "a folder " * 14])
def test_given_to_who_asks(tmp_path: Path, name: str) -> None:
    """Also where the path is longer than that of a socket may be."""
    home = tmp_path / name
    home.mkdir()
    assert handover.take(home) == []
    made = handover.bind("127.0.0.1", free_port())
    offered = handover.offer(home)
    assert offered is not None
    assert stat.S_IMODE((home / handover.NAME).stat().st_mode) == 0o600

    def serve() -> None:
        select.select([offered], [], [], 20)
        handover.give(offered, made)

    thread = threading.Thread(target=serve)
    thread.start()
    taken = handover.take(home)
    thread.join()
    try:
        assert [one.getsockname() for one in taken] == [one.getsockname() for one in made]
        # A second owner takes the place of the first.
        after = handover.offer(home)
        assert after is not None
        after.close()
        assert handover.take(home) == []
        assert [file.name for file in home.iterdir()] == [handover.NAME]
    finally:
        for one in (*taken, *made, offered):
            one.close()


def test_where_no_socket_can_be(tmp_path: Path) -> None:
    assert handover.offer(tmp_path / "none") is None
