"""One test span to each backend, for ``lensctl doctor``."""

from __future__ import annotations

import os
import time

from claude_lens.errors import SettingError
from claude_lens.settings import Settings
from claude_lens.tracing import backends, names
from claude_lens.tracing.backends import Backend
from claude_lens.tracing.sink import adopt_environment
from claude_lens.tracing.spans import Span, identifier, nanoseconds

TIMEOUT = 10.0


def send_test_span(settings: Settings) -> tuple[bool, str]:
    """Whether every backend took a test span, and one line for the user; ``(True, "off …")`` without any."""
    try:
        environ = adopt_environment(settings)
        chosen = backends.configured(environ)
    except SettingError as error:
        return False, str(error)
    if not chosen:
        return True, "off; set ARIZE_API_KEY and ARIZE_SPACE_ID, or OTEL_EXPORTER_OTLP_ENDPOINT"
    from claude_lens.tracing.resource import resource_attributes

    found = [_try(backend, resource_attributes(environ)) for backend in chosen]
    return all(ok for ok, _ in found), "; ".join(line for _, line in found)


def _try(backend: Backend, resource: dict[str, str]) -> tuple[bool, str]:
    from claude_lens.tracing.otlp import Sender

    sender = Sender(backend, resource, timeout=TIMEOUT)
    try:
        attempt = sender.send([_span()])
    finally:
        sender.close()
    where = f"{backend.name} at {backend.address}"
    if attempt.ok and not attempt.rejected:
        return True, f"{where} took a test span"
    return False, f"{where} did not take a test span: {attempt.problem}"


def _span() -> Span:
    now = nanoseconds(time.time())
    unique = os.urandom(8).hex()
    return Span(
        trace_id=identifier(128, "probe", unique),
        span_id=identifier(64, "probe", unique),
        parent_id=None,
        name="lensctl doctor",
        start_ns=now,
        end_ns=now + 1_000_000,
        attributes={names.KIND: "CHAIN", names.INPUT_VALUE: "a test span of lensctl doctor"},
    )
