import base64
from urllib.parse import unquote

import pytest
from opentelemetry.util.re import parse_env_headers

from claude_lens.tracing.known import BACKENDS, ENDPOINT, HEADERS, lines


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_with_all_its_variables_nothing_is_left_to_say(name: str) -> None:
    known = BACKENDS[name]
    found = lines(known, {variable: f"value of {variable}" for variable in known.variables})
    assert all(found.values())
    if known.headers or known.basic:
        headers = parse_env_headers(found[HEADERS], liberal=True)
        assert set(headers) == {header for header, _ in known.headers} | (
            {"authorization"} if known.basic else set()
        )


def test_langfuse_gets_both_keys_in_one_header() -> None:
    given = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-2"}
    found = lines(BACKENDS["langfuse"], given)
    code = unquote(found[HEADERS]).removeprefix("Authorization=Basic ")
    assert base64.b64decode(code) == b"pk-lf-1:sk-lf-2"
    assert lines(BACKENDS["langfuse"], {"LANGFUSE_PUBLIC_KEY": "pk"})[HEADERS] == ""


def test_an_address_of_ones_own_stays() -> None:
    assert lines(BACKENDS["phoenix"], {ENDPOINT: "http://phoenix:6006"})[ENDPOINT] == "http://phoenix:6006"
