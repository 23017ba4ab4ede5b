"""Listening sockets, and how they go from one process to the next: nobody is ever refused in between.

Who has them offers them at ``proxy.sock`` in the home folder, which only its user can enter; each caller is
given all of them. Standard library only, since the watcher uses it. Unix systems only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

NAME = "proxy.sock"
MOST = 16
# Bytes that a path of a socket may have everywhere; macOS has the fewest.
LONGEST = 100
TIMEOUT = 5.0


def addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Where to listen for ``host``: a name such as ``localhost`` may stand for more than one address.

    Raises ``OSError`` for a name that stands for none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made = [(family, (str(at[0]), port)) for family, _, _, _, at in found]
    return list(dict.fromkeys(made))


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to ``host``, not yet listening, so that nobody connects before somebody serves.

    ``::`` takes IPv4 too. Raises ``OSError`` where not one could be bound.
    """
    made, problem = [], None
    for family, address in addresses(host, port):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name != "nt":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
            listener.bind(address)
            made.append(listener)
        except OSError as error:
            listener.close()
            problem = error
    if problem and not made:
        raise problem
    return made


def serve_at(listeners: list[socket.socket], host: str, port: int) -> bool:
    """Whether these are the sockets that :func:`bind` would make."""
    with contextlib.suppress(OSError):
        wanted = {address for _, address in addresses(host, port)}
        got = {(listener.getsockname()[0], listener.getsockname()[1]) for listener in listeners}
        return bool(got) and got <= wanted
    return False


def offer(home: Path) -> socket.socket | None:
    """The socket at which callers are given the listeners; None where this file system has no such thing."""
    offered = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _reach(home, f"{NAME}.{os.getpid()}") as path:
            path.unlink(missing_ok=True)
            offered.bind(str(path))
            path.chmod(0o600)
            offered.listen(4)
            # At once in the place of the one before, whose owner goes on for a while.
            path.replace(path.with_name(NAME))
    except OSError:
        offered.close()
        return None
    offered.setblocking(False)
    return offered


def give(offered: socket.socket, listeners: list[socket.socket]) -> None:
    """Serve one caller of :func:`take`; strangers, who should not come so far, get nothing."""
    with contextlib.suppress(OSError):
        caller, _ = offered.accept()
        with caller:
            if _same_user(caller):
                caller.settimeout(TIMEOUT)
                socket.send_fds(caller, [b"listeners"], [listener.fileno() for listener in listeners])


def take(home: Path) -> list[socket.socket]:
    """Copies of the listeners that this home's proxy or watcher has; empty where nobody offers any."""
    if os.name == "nt":
        return []
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(TIMEOUT)
        with _reach(home, NAME) as path:
            caller.connect(str(path))
        if _same_user(caller):
            _, numbers, _, _ = socket.recv_fds(caller, 64, MOST)
            return [socket.socket(fileno=number) for number in numbers]
    return []


def _same_user(peer: socket.socket) -> bool:
    """Linux tells who is at the other end; elsewhere the folder's mode has to do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", found)[1] in (os.getuid(), 0))


@contextlib.contextmanager
def _reach(home: Path, name: str) -> Iterator[Path]:
    """A path of a socket in ``home`` that is short enough, from there if it must be."""
    if len(os.fsencode(home / name)) <= LONGEST:
        yield home / name
        return
    with contextlib.chdir(home):
        yield Path(name)
