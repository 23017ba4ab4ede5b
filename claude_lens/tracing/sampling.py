"""Which traces are sent at all, as ``OTEL_TRACES_SAMPLER`` says; the SDK's own samplers decide.

A trace is sent whole or not at all: the decision depends on its id alone, so it is the same in every process,
and the client's, where it was told the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

log = logging.getLogger(__name__)

Sampled = Callable[[int], bool]
"""Whether the trace of this id is sent."""


def sampled(environ: Mapping[str, str]) -> Sampled:
    """The decision that the environment asks for; an unknown name or a bad ratio sends all and is logged."""
    named = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    name = named.removeprefix("parentbased_")
    if name in ("", "always_on"):
        return lambda _: True
    if name == "always_off":
        return lambda _: False
    if name == "traceidratio":
        return _ratio(environ.get("OTEL_TRACES_SAMPLER_ARG", ""))
    log.warning("OTEL_TRACES_SAMPLER=%s is not known: all traces are sent", named)
    return lambda _: True


def _ratio(told: str) -> Sampled:
    try:
        sampler = TraceIdRatioBased(float(told) if told.strip() else 1.0)
    except ValueError:
        log.warning("OTEL_TRACES_SAMPLER_ARG=%s is no ratio between 0 and 1: all traces are sent", told)
        return lambda _: True
    return lambda trace_id: sampler.should_sample(None, trace_id, "").decision is not Decision.DROP
