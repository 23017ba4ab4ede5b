"""Whether there is tracing at all. Imports nothing of it where no backend is set: off costs nothing."""

from __future__ import annotations

import os

from claude_lens.recorder.sinks import Sink
from claude_lens.settings import Settings, environment
from claude_lens.tracing import backends

_OURS = ("ARIZE_", "OTEL_", "OPENINFERENCE_")


def open_sink(settings: Settings) -> Sink | None:
    """The tracing sink, or None where the environment names no backend (``backends.configured``)."""
    environ = adopt_environment(settings)
    chosen = backends.configured(environ)
    if not chosen:
        return None
    from claude_lens.tracing.live import build_sink
    from claude_lens.tracing.lookup import open_lookup

    return build_sink(settings, environ, open_lookup(settings), chosen)


def adopt_environment(settings: Settings) -> dict[str, str]:
    """The environment with the ``.env`` files, whose tracing variables the libraries then find too."""
    environ = environment(config=settings.config)
    for name, value in environ.items():
        if name.startswith(_OURS) and not os.environ.get(name):
            os.environ[name] = value
    return environ
