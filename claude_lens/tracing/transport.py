"""How the standard's variables say that spans travel: encoding, compression, trust.

Source: OpenTelemetry's specification of the OTLP exporter; the signal's variable comes first.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

Packing = Literal["none", "gzip", "deflate"]
_PACKINGS: Final[tuple[Packing, ...]] = ("none", "gzip", "deflate")
_IDS: Final = ("traceId", "spanId", "parentSpanId")


@dataclass(frozen=True, slots=True)
class Transport:
    """``certificate`` is a file of authorities to trust, None for the usual ones."""

    as_json: bool = False
    compression: Packing = "gzip"
    certificate: str | None = None


def setting(environ: Mapping[str, str], name: str) -> str:
    """``OTEL_EXPORTER_OTLP_TRACES_NAME``, else ``OTEL_EXPORTER_OTLP_NAME``, else nothing."""
    told = environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or environ.get(f"OTEL_EXPORTER_OTLP_{name}")
    return (told or "").strip()


def transport_of(environ: Mapping[str, str]) -> Transport:
    """What the environment asks for. An unknown compression counts as none told, which is gzip with us."""
    wanted = setting(environ, "COMPRESSION").lower()
    return Transport(
        as_json=setting(environ, "PROTOCOL") == "http/json",
        compression=next((packing for packing in _PACKINGS if packing == wanted), "gzip"),
        certificate=setting(environ, "CERTIFICATE") or None,
    )


def json_body(protobuf: bytes, packing: Packing) -> tuple[bytes, dict[str, str]]:
    """An encoded request of the exporter as OTLP's JSON, packed, and the headers that say so.

    JSON of OTLP differs from that of protobuf in one thing: ids are hexadecimal, not base64.
    """
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    whole = ExportTraceServiceRequest.FromString(protobuf)
    told = json_format.MessageToDict(whole, use_integers_for_enums=True)
    for resource in told.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                _hexadecimal(span)
    data = orjson.dumps(told)
    headers = {"content-type": "application/json"}
    if packing != "none":
        headers["content-encoding"] = packing
    return (
        gzip.compress(data, 6) if packing == "gzip" else zlib.compress(data) if packing == "deflate" else data
    ), headers


_PACK: Final[Mapping[Packing, Callable[[bytes], bytes]]] = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def _hexadecimal(span: dict[str, Any]) -> None:
    for name in _IDS:
        if name in span:
            span[name] = base64.b64decode(span[name]).hex()
