"""One attempt against a real endpoint: what is sent, and what becomes of it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude_lens.tracing.backends import at, configured
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.spans import Event, Span
from tests.harness import certificates, free_port
from tests.tracing.collector import Collector

SPAN = Span(
    trace_id=0xABC,
    span_id=0x12,
    parent_id=0x34,
    name="Bash",
    start_ns=1_000_000_000,
    end_ns=3_000_000_000,
    attributes={"a": "größer", "n": 3, "f": 0.5, "l": ("x", "y")},
    outcome="error",
    message="Exit code 1",
    events=(Event(name="exception", at_ns=2_000_000_000, attributes={"exception.type": "tool"}),),
)


def sender(collector: Collector, **more: Any) -> Sender:
    return Sender(at(collector.url), resource_attributes({}), **more)


def test_a_span_arrives_as_it_was(collector: Collector) -> None:
    assert sender(collector).send([SPAN]).ok
    (post,) = collector.posts
    assert (post.path, post.headers["content-encoding"]) == ("/v1/traces", "gzip")
    assert post.resource["openinference.project.name"] == "litellm-proxy"
    assert post.resource["service.name"] == "litellm-proxy"
    assert (post.resource["model_id"], post.resource["service.version"]) == ("litellm-proxy", "local-dev")
    (span,) = post.spans
    assert span.trace_id == bytes(14) + b"\x0a\xbc"
    assert (span.span_id, span.parent_span_id) == (bytes(7) + b"\x12", bytes(7) + b"\x34")
    assert (span.name, span.kind, span.status.code, span.status.message) == ("Bash", 1, 2, "Exit code 1")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1_000_000_000, 3_000_000_000)
    values = {one.key: one.value for one in span.attributes}
    assert (values["a"].string_value, values["n"].int_value, values["f"].double_value) == ("größer", 3, 0.5)
    assert [one.string_value for one in values["l"].array_value.values] == ["x", "y"]
    assert (span.events[0].name, span.events[0].time_unix_nano) == ("exception", 2_000_000_000)


def test_arizes_own_exporter_with_its_headers_and_resource(collector: Collector) -> None:
    environ = {
        "ARIZE_API_KEY": "the-key",
        "ARIZE_SPACE_KEY": "the-space",
        "ARIZE_MODEL_ID": "my-model",
        "ARIZE_MODEL_VERSION": "7",
        "ARIZE_COLLECTOR_ENDPOINT": collector.url + "/v1",
    }
    (backend,) = configured(environ)
    assert Sender(backend, resource_attributes(environ)).send([SPAN]).ok
    (post,) = collector.posts
    assert post.path == "/v1/traces"
    assert (post.headers["space_id"], post.headers["api_key"]) == ("the-space", "the-key")
    expected = {"openinference.project.name": "my-model", "model_id": "my-model", "service.version": "7"}
    assert {name: post.resource[name] for name in expected} == expected
    assert post.spans[0].name == "Bash"


def test_otlps_own_headers_are_honoured(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x,tenant=me")
    assert sender(collector).send([SPAN]).ok
    headers = collector.posts[0].headers
    assert (headers["authorization"], headers["tenant"]) == ("Bearer x", "me")


def test_one_backends_credentials_do_not_reach_the_other(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=other")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-tenant=other")
    environ = {"ARIZE_API_KEY": "k", "ARIZE_SPACE_ID": "s", "ARIZE_COLLECTOR_ENDPOINT": collector.url}
    (backend,) = configured(environ)
    assert Sender(backend, {}).send([SPAN]).ok
    assert "other" not in str(collector.posts[0].headers)
    assert sender(collector).send([SPAN]).ok
    assert collector.posts[1].headers["x-tenant"] == "other"
    assert "api_key" not in collector.posts[1].headers


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (401, False), (403, False), (429, True), (503, True), (500, True)]
)
def test_a_refusal_is_one_request_and_one_line(collector: Collector, status: int, retryable: bool) -> None:
    collector.mode, collector.body, collector.headers = status, b"no\nthank you", {"retry-after": "7"}
    begun = time.monotonic()
    attempt = sender(collector).send([SPAN])
    assert time.monotonic() - begun < 2
    assert collector.attempts == 1
    assert (attempt.ok, attempt.retryable, attempt.retry_after) == (False, retryable, 7.0)
    assert attempt.problem is not None
    assert attempt.problem.startswith(f"HTTP {status}")
    assert attempt.problem.endswith(": no thank you")


def test_nobody_there_and_no_answer(collector: Collector) -> None:
    nobody = Sender(at(f"http://127.0.0.1:{free_port()}"), {})
    assert (attempt := nobody.send([SPAN])).retryable
    assert attempt.problem == "no connection"
    collector.mode = "hang"
    begun = time.monotonic()
    attempt = sender(collector, timeout=0.3).send([SPAN])
    assert time.monotonic() - begun < 3
    assert (attempt.retryable, attempt.problem) == (True, "no answer in time")


def test_part_of_a_batch_may_be_refused(collector: Collector) -> None:
    collector.mode = "partial"
    attempt = sender(collector).send([SPAN, SPAN])
    assert (attempt.ok, attempt.rejected, attempt.problem) == (True, 1, "1 spans were refused: too old")


def test_what_cannot_be_encoded_is_not_tried_again(collector: Collector) -> None:
    odd = Span(trace_id=1, span_id=2, parent_id=None, name=5, start_ns=0, end_ns=0)  # type: ignore[arg-type]
    attempt = sender(collector).send([odd])
    assert (attempt.ok, attempt.retryable, collector.attempts) == (False, False, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_only_success_counts_as_sent(collector: Collector, status: int) -> None:
    """A redirect is not followed: as a GET it would look like success, and the spans would be gone."""
    collector.mode, collector.headers = status, {"location": f"{collector.url}/login"}
    attempt = sender(collector).send([SPAN])
    assert (attempt.ok, attempt.retryable, collector.attempts) == (False, False, 1)
    assert f"HTTP {status}" in str(attempt.problem)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("packing", ["none", "gzip", "deflate"])
@pytest.mark.parametrize("signal", ["", "TRACES_"])
def test_encoding_and_compression_as_the_standard_says(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, protocol: str, packing: str, signal: str
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{signal}PROTOCOL", protocol)
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{signal}COMPRESSION", packing)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "tenant=me")
    assert sender(collector).send([SPAN]).ok
    (post,) = collector.posts
    assert post.headers["content-type"] == f"application/{'json' if 'json' in protocol else 'x-protobuf'}"
    assert post.headers.get("content-encoding", "none") == packing
    assert post.headers["tenant"] == "me"
    (span,) = post.spans
    assert span.trace_id == bytes(14) + b"\x0a\xbc"
    assert (span.span_id, span.parent_span_id) == (bytes(7) + b"\x12", bytes(7) + b"\x34")
    assert (span.name, span.status.code, span.start_time_unix_nano) == ("Bash", 2, 1_000_000_000)
    assert {one.key for one in span.attributes} == {"a", "n", "f", "l"}


def test_a_private_authority_is_the_exporters_own_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever the variables of other programs say; without it a fault of TLS is told as one."""
    other = tmp_path / "other"
    other.mkdir()
    foreign, _ = certificates.authority(other)
    with Collector(certificate=certificates.authority(tmp_path)) as collector:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(foreign))
        attempt = sender(collector).send([SPAN])
        assert not attempt.ok
        assert str(attempt.problem).startswith("TLS: ")
        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in str(attempt.problem)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "ca.pem"))
        assert sender(collector).send([SPAN]).ok
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "nowhere.pem"))
        attempt = sender(collector).send([SPAN])
        assert "nowhere.pem" in str(attempt.problem)


def test_attributes_of_langfuse_go_to_langfuse_alone(collector: Collector) -> None:
    span = replace(SPAN, attributes={"a": 1, "langfuse.observation.cost_details": "{}"})
    for path, expected in (("", {"a"}), ("/api/public/otel", {"a", "langfuse.observation.cost_details"})):
        assert Sender(at(collector.url + path), {}).send([span]).ok
        assert {one.key for one in collector.posts[-1].spans[0].attributes} == expected


def test_closing_twice_is_quiet(collector: Collector) -> None:
    one = sender(collector)
    assert one.send([SPAN]).ok
    one.close()
