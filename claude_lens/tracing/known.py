"""Backends by name, for ``lensctl init --trace``: where each takes spans, and how it knows who sends.

Sources: the backends' own documentation of their OpenTelemetry endpoints.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADERS: Final = "OTEL_EXPORTER_OTLP_HEADERS"


@dataclass(frozen=True, slots=True)
class Known:
    """``headers``: names with what they hold, where ``{NAME}`` stands for a variable of the user's.

    ``basic``: two variables that make a header ``Authorization: Basic``. ``own``: variables that the exporter
    itself reads. ``tried``: run against the real thing, and not only by its documented mapping.
    """

    title: str
    endpoint: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    basic: tuple[str, str] | None = None
    own: tuple[str, ...] = ()
    tried: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """What the user has to have."""
        named = tuple(value[1:-1] for _, value in self.headers if value.startswith("{"))
        return (*self.own, *named, *(self.basic or ()))


BACKENDS: Final[Mapping[str, Known]] = {
    "arize": Known("Arize", own=("ARIZE_API_KEY", "ARIZE_SPACE_ID")),
    "phoenix": Known("Phoenix on this machine", "http://localhost:6006", tried=True),
    "langfuse": Known(
        "Langfuse",
        "https://cloud.langfuse.com/api/public/otel",
        basic=("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"),
    ),
    "langsmith": Known(
        "LangSmith", "https://api.smith.langchain.com/otel", (("x-api-key", "{LANGSMITH_API_KEY}"),)
    ),
    "datadog": Known(
        "Datadog's LLM Observability",
        "https://otlp.datadoghq.com",
        (("dd-api-key", "{DD_API_KEY}"), ("dd-otlp-source", "llmobs")),
    ),
    "honeycomb": Known(
        "Honeycomb", "https://api.honeycomb.io", (("x-honeycomb-team", "{HONEYCOMB_API_KEY}"),)
    ),
    "tempo": Known("Grafana Tempo on this machine", "http://localhost:4318"),
}


def lines(known: Known, environ: Mapping[str, str]) -> dict[str, str]:
    """What to set, as a ``.env`` has it; empty values where the user still has to give something."""
    found = {name: environ.get(name, "") for name in known.own}
    if known.endpoint:
        found[ENDPOINT] = environ.get(ENDPOINT) or known.endpoint
    pairs = []
    for name, value in known.headers:
        told = environ.get(value[1:-1], "") if value.startswith("{") else value
        pairs.append(f"{name}={quote(told, safe='')}" if told else "")
    if known.basic:
        user, secret = (environ.get(name, "") for name in known.basic)
        code = base64.b64encode(f"{user}:{secret}".encode()).decode()
        pairs.append(f"Authorization=Basic%20{quote(code, safe='')}" if user and secret else "")
    if pairs:
        found[HEADERS] = ",".join(pairs) if all(pairs) else ""
    return found
