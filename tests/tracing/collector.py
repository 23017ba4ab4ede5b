"""A real OTLP/HTTP endpoint that can be slow, refuse, hang or go away and come back."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came. ``size`` is in bytes on the wire; ``message`` is None where it was no OTLP."""

    path: str
    headers: dict[str, str]
    size: int
    message: Any

    @property
    def spans(self) -> list[Any]:
        """Its spans, as protobuf messages."""
        groups = [scope for part in self.message.resource_spans for scope in part.scope_spans]
        return [span for group in groups for span in group.spans]

    @property
    def resource(self) -> dict[str, str]:
        """The attributes of its first resource."""
        attributes = self.message.resource_spans[0].resource.attributes
        return {one.key: one.value.string_value for one in attributes}


@dataclass
class Collector:
    """The endpoint. ``mode`` decides the answers from now on; ``posts`` are those that were accepted."""

    mode: Literal["ok", "hang", "partial"] | int = "ok"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    posts: list[Post] = field(default_factory=list)
    attempts: int = 0
    largest: int | None = None
    certificate: tuple[Path, Path] | None = None
    _server: Any = None
    _links: list[Any] = field(default_factory=list)
    _released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Collector:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL, without a path."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[Any]:
        """Every span accepted so far."""
        return [span for post in list(self.posts) for span in post.spans]

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._released.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Go away: connections are refused from now on."""
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for link in self._links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self._links.clear()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Read one request and answer it as ``mode`` says."""
        self._links.append(handler.connection)
        size = int(handler.headers.get("content-length", 0))
        raw = handler.rfile.read(size)
        self.attempts += 1
        if self.mode == "hang":
            self._released.wait(60)
            return
        status = self.mode if isinstance(self.mode, int) else 200
        if self.largest is not None and size > self.largest:
            status = 413
        body = self.body
        if status == 200:
            data = _UNPACK[handler.headers.get("content-encoding", "")](raw)
            message = ExportTraceServiceRequest()
            if handler.headers.get("content-type") == "application/json":
                _from_json(data, message)
            else:
                message.ParseFromString(data)
            heads = {name.lower(): value for name, value in handler.headers.items()}
            self.posts.append(Post(handler.path, heads, size, message))
            if self.mode == "partial":
                refused = ExportTracePartialSuccess(rejected_spans=1, error_message="too old")
                body = ExportTraceServiceResponse(partial_success=refused).SerializeToString()
        handler.send_response(status)
        handler.send_header("content-type", "application/x-protobuf")
        handler.send_header("content-length", str(len(body)))
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "": lambda raw: raw,
}


def _from_json(data: bytes, message: Any) -> None:
    """OTLP's JSON: protobuf's, but for ids, which are hexadecimal and have their full length."""
    told = json.loads(data)
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name, size in (("traceId", 32), ("spanId", 16), ("parentSpanId", 16)):
                    if name in span:
                        assert len(span[name]) == size
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    json_format.ParseDict(told, message)


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            collector.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler
