"""Which backends the environment names: Arize, and whatever speaks OTLP over HTTP.

``ARIZE_API_KEY`` with ``ARIZE_SPACE_ID`` (or ``ARIZE_SPACE_KEY``) names Arize;
``OTEL_EXPORTER_OTLP_ENDPOINT`` or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` names the other. Both may be set.
Imports nothing of OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from claude_lens.errors import SettingError

ARIZE_ENDPOINT = "https://otlp.arize.com/v1/traces"
TRACES_PATH = "/v1/traces"
LANGFUSE_PATH = "/api/public/otel"
EXPECTED_PROTOCOL = (
    "http/protobuf or http/json, with the backend's HTTP port (4318 as a rule); "
    "traces are not sent over gRPC, which loses spans over 4 MiB"
)
_PROTOCOLS = ("http/protobuf", "http/json")


@dataclass(frozen=True, slots=True)
class Backend:
    """Somewhere to send spans. ``headers`` carry Arize's credentials, empty for other backends."""

    name: str
    endpoint: str
    space_id: str | None = None
    api_key: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Name and port of where spans go, without a credential that the address may have."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    @property
    def is_langfuse(self) -> bool:
        """Whether it is Langfuse, which counts and prices by attributes of its own."""
        parts = urlsplit(self.endpoint)
        return "langfuse" in parts.netloc.lower() or parts.path.startswith(LANGFUSE_PATH)

    @property
    def address(self) -> str:
        """The endpoint for people: without a credential, and without a query, which may hold one."""
        return urlsplit(self.endpoint)._replace(netloc=self.host, query="", fragment="").geturl()


def configured(environ: Mapping[str, str]) -> list[Backend]:
    """The backends that an environment names, none where tracing is off.

    ``OTEL_SDK_DISABLED=true`` switches all off, ``OTEL_TRACES_EXPORTER=none`` those that are not Arize.
    Raises ``SettingError`` for half a credential and for a protocol other than HTTP.
    """
    found: list[Backend] = []
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return found
    key = environ.get("ARIZE_API_KEY")
    space = environ.get("ARIZE_SPACE_ID") or environ.get("ARIZE_SPACE_KEY")
    if key and space:
        given = environ.get("ARIZE_COLLECTOR_ENDPOINT") or environ.get("ARIZE_ENDPOINT") or ARIZE_ENDPOINT
        found.append(Backend("arize", _traces(given), space, key))
    elif key:
        raise SettingError("ARIZE_SPACE_ID", "", "the id of your Arize space, since ARIZE_API_KEY is set")
    elif space:
        raise SettingError("ARIZE_API_KEY", "", "a key of your Arize space, since ARIZE_SPACE_ID is set")
    own = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if (own or base) and environ.get("OTEL_TRACES_EXPORTER") != "none":
        _check_protocol(environ)
        found.append(Backend("otlp", own or str(base).rstrip("/") + TRACES_PATH))
    return found


def at(url: str) -> Backend:
    """The backend at ``url``, whose path may be left out."""
    return Backend("otlp", _traces(url))


def _traces(url: str) -> str:
    url = url.rstrip("/")
    if url.endswith(TRACES_PATH):
        return url
    return url + ("/traces" if url.endswith("/v1") else TRACES_PATH)


def _check_protocol(environ: Mapping[str, str]) -> None:
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        value = environ.get(name, "")
        if value:
            if value not in _PROTOCOLS:
                raise SettingError(name, value, EXPECTED_PROTOCOL)
            return
