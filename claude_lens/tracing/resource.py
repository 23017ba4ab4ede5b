"""Who sends, for backends that group traces by it: project, service, version, and what the user adds.

Source: OpenTelemetry's specification of ``OTEL_RESOURCE_ATTRIBUTES`` and ``OTEL_SERVICE_NAME``, Arize's and
Phoenix's variables. The most particular one wins: Arize's, Phoenix's, ``OTEL_SERVICE_NAME``, the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from claude_lens.tracing import names

PROJECT: Final = "litellm-proxy"
VERSION: Final = "local-dev"


def resource_attributes(environ: Mapping[str, str]) -> dict[str, str]:
    """The attributes of the resource that all spans belong to."""
    told = attributes(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    named = environ.get("ARIZE_PROJECT_NAME") or environ.get("ARIZE_MODEL_ID")
    project = named or environ.get("PHOENIX_PROJECT_NAME") or told.get(names.PROJECT)
    service = environ.get("OTEL_SERVICE_NAME") or told.get(names.SERVICE_NAME)
    version = environ.get("ARIZE_MODEL_VERSION") or told.get(names.SERVICE_VERSION)
    return {
        **told,
        names.PROJECT: project or PROJECT,
        names.MODEL_ID: named or told.get(names.MODEL_ID) or project or PROJECT,
        names.SERVICE_NAME: service or project or PROJECT,
        names.SERVICE_VERSION: version or VERSION,
    }


def attributes(text: str) -> dict[str, str]:
    """``key=value`` pairs between commas, percent-decoded; what is no pair is left out, as the SDKs do."""
    pairs = (part.partition("=") for part in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, equals, value in pairs if equals and key.strip()}
