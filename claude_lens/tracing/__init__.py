"""Exchanges as OpenTelemetry traces: one tree per prompt, for Arize, Phoenix or any OTLP backend."""
