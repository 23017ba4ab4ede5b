"""Secrets in bodies of which a value does not say everything, or that nobody can walk through."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from claude_lens import exact
from claude_lens.exchange import GONE, Exchange, Request, Response
from claude_lens.redact import Redactor, mark
from claude_lens.wire.parse import parse_object
from tests.redact.samples import SAMPLES

SECRET = SAMPLES[20][1]
ESCAPED = "".join(f"\\u{ord(char):04x}" for char in SECRET)


def request_of(body: bytes) -> Exchange:
    return Exchange(id="1", request=Request(body=body, json=parse_object(body)))


@pytest.mark.parametrize("secret", [SECRET, ESCAPED], ids=["plain", "escaped"])
@pytest.mark.parametrize(
    "form",
    [
        '{"a":"SECRET","n":1e400,"s":"\\u0041"}',
        '{"n":123456789012345678901234567890, "m":[1.50, 2E2],  "a":"x SECRET y"}',
        '{"a":"SECRET","a":"shown","b":1}',
        '{"a" : {"SECRET" : 1, "b":"SECRET"}, "a" : 2}',
        '{"a":NaN,"b":"SECRET"}',
        '["a","SECRET"]',
        '{"a":"cut SECRET',
        '{"a":"\\ud800 SECRET"}',
        '{"a":' * 400 + '"SECRET"' + "}" * 400,
        '{"a":' * 800 + '"SECRET"' + "}" * 800,
        '{"a":' * 20_000 + '"SECRET"' + "}" * 20_000,
    ],
)
def test_whatever_else_a_text_says_stays_byte_for_byte(form: str, secret: str) -> None:
    body = form.replace("SECRET", secret).encode()
    found = Redactor().exchange(request_of(body)).request

    if form.startswith('{"a":"cut') and secret is ESCAPED:
        # No string of JSON, and nothing that anyone would read as the secret.
        assert found.body == body
    else:
        assert found.body.decode() == form.replace("SECRET", mark("github-token", SECRET))
    assert SECRET not in "".join(exact.strings(found.json))


@pytest.mark.parametrize("depth", [400, 5000])
def test_a_message_too_deep_to_clean_goes_with_its_stream(depth: int) -> None:
    for text, body in (("fine", b": x\n\n"), (SECRET, GONE)):
        inner: Any = text
        for _ in range(depth):
            inner = [inner]
        answer = {"content": [{"type": "tool_use", "input": {"a": inner}}]}
        given = Exchange(id="1", response=Response(body=b": x\n\n", json=answer))
        found = Redactor().exchange(given)
        assert found.response is not None
        assert found.response.body == body
        if text == "fine":
            assert found.response.json is answer
        elif depth > 1000:
            assert found.response.json is None
        else:
            assert SECRET not in "".join(exact.strings(found.response.json))


def test_a_compressed_body_is_kept_as_what_it_says() -> None:
    body = b'{"a":' * 400 + f'"{SECRET}"'.encode() + b"}" * 400
    given = Request(body=zlib.compress(body), json=parse_object(body))
    found = Redactor().exchange(Exchange(id="1", request=given)).request
    assert found.body == body.replace(SECRET.encode(), mark("github-token", SECRET).encode())
    assert found.json == parse_object(found.body)
