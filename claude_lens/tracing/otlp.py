"""Spans to OTLP over HTTP: OpenTelemetry's exporter with retries taken out of it.

The exporter sleeps through its retries, up to a minute in old releases, and tells only success or failure.
Here every attempt is one request, and what became of it is an :class:`Attempt`.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from google.protobuf import json_format
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SdkEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from claude_lens import __version__
from claude_lens.tracing import names
from claude_lens.tracing.backends import Backend
from claude_lens.tracing.spans import Attributes, Span
from claude_lens.tracing.transport import Transport, json_body, transport_of

_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_STATUS = {"ok": StatusCode.OK, "error": StatusCode.ERROR, "unset": StatusCode.UNSET}
_SCOPE = InstrumentationScope("claude_lens", __version__)
_LONGEST_ANSWER = 300
_OTHERS_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one request. ``rejected`` spans were refused by a backend that took the others.

    ``retry_after`` is in seconds; ``problem`` is one line, None on success.
    """

    ok: bool
    retryable: bool = False
    too_large: bool = False
    rejected: int = 0
    retry_after: float | None = None
    problem: str | None = None


class _Session(requests.Session):
    """Remembers how the last request went, and never lets the exporter try it again."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self.attempt: Attempt | None = None

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """One request, whose failure comes back as an answer that the exporter does not retry."""
        # Followed as a GET, a redirect would look like success, and the spans would be gone.
        kwargs["allow_redirects"] = False
        if self._transport.certificate:
            # Said here, as requests would take REQUESTS_CA_BUNDLE before what the exporter was told.
            kwargs["verify"] = self._transport.certificate
        if self._transport.as_json:
            kwargs["data"], told = json_body(kwargs["data"], self._transport.compression)
            kwargs["headers"] = {**(kwargs.get("headers") or {}), **told}
        try:
            answer = super().request(*args, **kwargs)
        except (requests.RequestException, OSError) as error:
            self.attempt = Attempt(False, retryable=True, problem=_sentence(error))
            return _final()
        self.attempt = _judge(answer)
        return answer if self.attempt.ok else _final()


def _final() -> requests.Response:
    answer = requests.Response()
    answer.status_code = 400
    answer.reason = "see the attempt"
    return answer


def _sentence(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return f"TLS: {_reason(error)}; a private authority goes into OTEL_EXPORTER_OTLP_CERTIFICATE"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"{type(error).__name__}: {error}".splitlines()[0][:_LONGEST_ANSWER]


def _reason(error: Exception) -> str:
    """The innermost cause in a few words: what TLS found wrong, without the layers above it."""
    inner: BaseException = error
    while isinstance(below := getattr(inner, "reason", None) or (inner.args or [None])[0], BaseException):
        inner = below
    message = getattr(inner, "verify_message", None) or getattr(inner, "reason", None) or str(inner)
    return str(message).splitlines()[0][:_LONGEST_ANSWER]


def _judge(answer: requests.Response) -> Attempt:
    if 200 <= answer.status_code < 300:
        rejected, reason = _partial(answer)
        problem = f"{rejected} spans were refused: {reason}" if rejected else None
        return Attempt(True, rejected=rejected, problem=problem)
    words = " ".join(answer.text[:_LONGEST_ANSWER].split())
    if answer.is_redirect:
        words = f"it leads to {answer.headers['location'][:_LONGEST_ANSWER]}; name that address instead"
    problem = f"HTTP {answer.status_code} {answer.reason or ''}".strip() + (f": {words}" if words else "")
    after = answer.headers.get("retry-after", "")
    return Attempt(
        False,
        retryable=answer.status_code in _RETRYABLE,
        too_large=answer.status_code == 413,
        retry_after=float(after) if after.isdigit() else None,
        problem=problem,
    )


def _partial(answer: requests.Response) -> tuple[int, str]:
    kind = answer.headers.get("content-type", "")
    if answer.content and ("protobuf" in kind or "json" in kind):
        with contextlib.suppress(Exception):
            whole = ExportTraceServiceResponse()
            if "json" in kind:
                json_format.Parse(answer.content, whole, ignore_unknown_fields=True)
            else:
                whole.ParseFromString(answer.content)
            told = whole.partial_success
            return int(told.rejected_spans), str(told.error_message)
    return 0, ""


@contextlib.contextmanager
def _without(variables: Sequence[str]) -> Iterator[None]:
    """The environment without ``variables``: the exporter would send another backend's credentials."""
    kept = {name: os.environ.pop(name) for name in variables if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


class Sender:
    """Sends batches to one backend. ``timeout`` (s) bounds each attempt; None takes OTLP's own setting."""

    def __init__(
        self, backend: Backend, resource: Mapping[str, str], *, timeout: float | None = None
    ) -> None:
        arize = backend.api_key is not None
        transport = Transport() if arize else transport_of(os.environ)
        self._session = _Session(transport)
        self._resource = Resource.create(dict(resource))
        self._langfuse = backend.is_langfuse
        # Its own account of every failed attempt would fill the log: ours is told once.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL + 1)
        plain = transport.as_json or transport.compression == "none"
        packed = Compression.NoCompression if plain else Compression(transport.compression)
        more: dict[str, Any] = {"session": self._session, "compression": packed}
        if timeout is not None:
            more["timeout"] = timeout
        self._exporter: OTLPSpanExporter
        if arize:
            from arize.otel import HTTPSpanExporter

            with _without(_OTHERS_HEADERS):
                self._exporter = HTTPSpanExporter(
                    endpoint=backend.endpoint, space_id=backend.space_id, api_key=backend.api_key, **more
                )
        else:
            self._exporter = OTLPSpanExporter(endpoint=backend.endpoint, **more)

    def send(self, spans: Sequence[Span]) -> Attempt:
        """One attempt to hand over ``spans``. Never raises."""
        self._session.attempt = None
        try:
            self._exporter.export([self._readable(span) for span in spans])
        except Exception as error:
            return Attempt(False, problem=_sentence(error))
        return self._session.attempt or Attempt(False, problem="the spans could not be encoded")

    def close(self) -> None:
        """Close the connections."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
        self._session.close()

    def _wanted(self, attributes: Attributes) -> Attributes:
        if self._langfuse:
            return attributes
        return {name: value for name, value in attributes.items() if not name.startswith(names.LANGFUSE)}

    def _readable(self, span: Span) -> ReadableSpan:
        def context(span_id: int) -> SpanContext:
            return SpanContext(span.trace_id, span_id, is_remote=False, trace_flags=_SAMPLED)

        return ReadableSpan(
            name=span.name,
            context=context(span.span_id),
            parent=context(span.parent_id) if span.parent_id is not None else None,
            resource=self._resource,
            attributes=self._wanted(span.attributes),
            events=[SdkEvent(event.name, dict(event.attributes), event.at_ns) for event in span.events],
            kind=SpanKind.CLIENT if span.client else SpanKind.INTERNAL,
            status=Status(_STATUS[span.outcome], span.message if span.outcome == "error" else None),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=_SCOPE,
        )
