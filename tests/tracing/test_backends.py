"""Which backends an environment names."""

from __future__ import annotations

import pytest

from claude_lens.errors import SettingError
from claude_lens.tracing.backends import ARIZE_ENDPOINT, Backend, at, configured


def test_none() -> None:
    assert configured({}) == []
    assert configured({"ARIZE_PROJECT_NAME": "x", "ARIZE_MODEL_ID": "y", "OTEL_SERVICE_NAME": "z"}) == []


def test_the_standard_switches() -> None:
    both = {"ARIZE_API_KEY": "k", "ARIZE_SPACE_ID": "s", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}
    assert configured({**both, "OTEL_SDK_DISABLED": "true"}) == []
    assert [one.name for one in configured({**both, "OTEL_TRACES_EXPORTER": "none"})] == ["arize"]


@pytest.mark.parametrize("space", ["ARIZE_SPACE_ID", "ARIZE_SPACE_KEY"])
def test_arize_with_either_spelling(space: str) -> None:
    (found,) = configured({"ARIZE_API_KEY": "k", space: "s"})
    assert (found.name, found.endpoint, found.space_id, found.api_key) == ("arize", ARIZE_ENDPOINT, "s", "k")
    assert "k" not in repr(found).replace("key", "").replace("backend", "").replace("Backend", "")


def test_half_a_credential_is_an_error() -> None:
    with pytest.raises(SettingError, match="ARIZE_SPACE_ID"):
        configured({"ARIZE_API_KEY": "k"})
    with pytest.raises(SettingError, match="ARIZE_API_KEY"):
        configured({"ARIZE_SPACE_ID": "s"})


def test_otlp_beside_arize() -> None:
    both = configured(
        {"ARIZE_API_KEY": "k", "ARIZE_SPACE_ID": "s", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:1/"}
    )
    assert [(one.name, one.endpoint) for one in both][1] == ("otlp", "http://h:1/v1/traces")
    own = configured(
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/x", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://o"}
    )
    assert own == [Backend("otlp", "http://h/x")]


def test_grpc_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match="OTEL_EXPORTER_OTLP_PROTOCOL='grpc'"):
        configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    chosen = {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert configured({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", **chosen})


@pytest.mark.parametrize(
    "url", ["http://h", "http://h/", "http://h/v1", "http://h/v1/traces", "http://h/v1/traces/"]
)
def test_the_path_may_be_left_out(url: str) -> None:
    assert at(url).endpoint == "http://h/v1/traces"


@pytest.mark.parametrize(
    ("address", "langfuse"),
    [
        ("https://cloud.langfuse.com/api/public/otel", True),
        ("https://us.cloud.langfuse.com/api/public/otel/v1/traces", True),
        ("http://tracing.internal:3000/api/public/otel", True),
        ("http://localhost:6006", False),
    ],
)
def test_langfuse_is_known_by_its_address(address: str, langfuse: bool) -> None:
    assert at(address).is_langfuse is langfuse
