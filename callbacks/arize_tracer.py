"""Exports traces to Arize or any OTLP backend."""

from claude_lens.capture import plugin

arize_tracer = plugin.arize_tracer()
