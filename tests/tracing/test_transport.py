import pytest

from claude_lens.tracing.transport import Transport, transport_of


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Transport()),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}, Transport(compression="none")),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": " GZIP "}, Transport()),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"}, Transport()),
        (
            {"OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "deflate"},
            Transport(compression="deflate"),
        ),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, Transport(as_json=True)),
        (
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            Transport(),
        ),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem"}, Transport(certificate="/ca.pem")),
    ],
)
def test_the_signals_variable_before_the_general_one(environ: dict[str, str], expected: Transport) -> None:
    assert transport_of(environ) == expected
