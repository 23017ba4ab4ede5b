"""HTTP/1.1 as our server reads it: uvicorn's, but an upgrade that nobody takes up is no end of the request.

A client that would rather speak HTTP/2 in clear text (``Upgrade: h2c``, Java's by default) goes on in
HTTP/1.1 where it is not answered with 101. uvicorn's parser stops at the upgrade and loses the body.
"""

from __future__ import annotations

import contextlib
import sys
from importlib.util import find_spec
from typing import Any

HOP_BY_HOP = frozenset((b"upgrade", b"http2-settings"))


def protocol() -> Any:
    """What uvicorn is to read HTTP with; its own choice where httptools is not installed."""
    try:
        import httptools
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "auto"

    class Protocol(HttpToolsProtocol):
        """One connection."""

        _unwanted: tuple[bytes, str] | None = None
        _received = b""

        def on_headers_complete(self) -> None:
            """Not yet, where the parser takes the request for an upgrade that it is not."""
            if self.parser.should_upgrade() and not self._should_upgrade():
                self._unwanted = self.parser.get_method(), self.parser.get_http_version()
            else:
                super().on_headers_complete()

        def on_message_complete(self) -> None:
            """The same."""
            if self._unwanted is None:
                super().on_message_complete()

        def data_received(self, data: bytes) -> None:
            """Keep what may have to be read again."""
            self._received = data
            super().data_received(data)

        def _unsupported_upgrade_warning(self) -> None:
            """Read the request again without its upgrade; called where the parser has just stopped."""
            stopped = sys.exception()
            if self._unwanted is None or not isinstance(stopped, httptools.HttpParserUpgrade):
                return
            rest = self._received[stopped.args[0] :]
            (method, version), self._unwanted = self._unwanted, None
            head = b"%s %s HTTP/%s\r\n" % (method, self.url, version.encode())
            head += b"".join(b"%s: %s\r\n" % pair for pair in without_upgrade(self.headers))
            self.parser = httptools.HttpRequestParser(self)
            with contextlib.suppress(AttributeError):
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.data_received(head + b"\r\n" + rest)

    return Protocol


def web_socket() -> Any:
    """What uvicorn is to read web sockets with: its own choice, but imported at the first of them.

    Most proxies never see one.
    """

    def chosen(*arguments: Any, **named: Any) -> Any:
        from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol as Protocol

        return Protocol(*arguments, **named) if Protocol else None

    return chosen if find_spec("websockets") else "auto"


def without_upgrade(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers (names in lower case) as if no upgrade had been asked for."""
    kept = []
    for name, value in headers:
        if name == b"connection":
            tokens = [part.strip() for part in value.split(b",") if part.strip().lower() not in HOP_BY_HOP]
            value = b", ".join(tokens)
        if name not in HOP_BY_HOP and (value or name != b"connection"):
            kept.append((name, value))
    return kept
