import pytest

from claude_lens.tracing.resource import attributes, resource_attributes

OURS = "litellm-proxy"
PROJECT, MODEL, SERVICE, VERSION = "openinference.project.name", "model_id", "service.name", "service.version"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {},
            {
                PROJECT: "litellm-proxy",
                MODEL: "litellm-proxy",
                SERVICE: "litellm-proxy",
                VERSION: "local-dev",
            },
        ),
        ({"ARIZE_PROJECT_NAME": "p", "ARIZE_MODEL_ID": "m"}, {PROJECT: "p", MODEL: "p", SERVICE: "p"}),
        ({"ARIZE_MODEL_ID": "m", "PHOENIX_PROJECT_NAME": "x"}, {PROJECT: "m", MODEL: "m"}),
        ({"PHOENIX_PROJECT_NAME": "x"}, {PROJECT: "x", SERVICE: "x"}),
        ({"OTEL_SERVICE_NAME": "s"}, {PROJECT: OURS, SERVICE: "s"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,deployment.environment=prod%20eu,service.version=3"},
            {SERVICE: "a", "deployment.environment": "prod eu", VERSION: "3", PROJECT: OURS},
        ),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": f"{PROJECT}=told,service.name=a", "OTEL_SERVICE_NAME": "b"},
            {PROJECT: "told", SERVICE: "b"},
        ),
        (
            {
                "OTEL_RESOURCE_ATTRIBUTES": f"{PROJECT}=told",
                "PHOENIX_PROJECT_NAME": "x",
                "ARIZE_MODEL_VERSION": "9",
            },
            {PROJECT: "x", VERSION: "9"},
        ),
    ],
)
def test_the_most_particular_variable_wins(environ: dict[str, str], expected: dict[str, str]) -> None:
    found = resource_attributes(environ)
    assert {name: found[name] for name in expected} == expected


def test_what_is_no_pair_is_left_out() -> None:
    assert attributes("a=1, b = x=y ,nothing,=z,") == {"a": "1", "b": "x=y"}
