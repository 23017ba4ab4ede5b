from __future__ import annotations

import pytest

from claude_lens.redact.odds import bits, is_placeholder, is_random
from tests.redact.samples import HEX, URLSAFE, some


def test_bits_are_those_of_shannon() -> None:
    assert bits("") == bits("aaaa") == 0
    assert bits("abcd") == 8
    assert bits("aabb") == 4


def test_chance_looks_like_chance() -> None:
    for size in (16, 20, 32, 40, 64):
        found = [is_random(some(size, alphabet)) for alphabet in (HEX, URLSAFE) for _ in range(200)]
        assert sum(found) >= 0.94 * len(found), size


@pytest.mark.parametrize(
    "text",
    [
        "transcription",
        "my-service-account-2",
        "getHttpResponseHeaderValue",
        "fading-circle-spinner-component-wrapper",
        "aaaaaaaaaaaaaaaaaaaa1",
        "version_1_of_the_schema",
        "12345678901234567890",
        "your-api-key-4f8a2b1c",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ],
)
def test_words_do_not(text: str) -> None:
    assert not is_random(text)


def test_placeholders_are_known() -> None:
    assert is_placeholder("your-key")
    assert is_placeholder("AKIAIOSFODNN7EXAMPLE")
    assert is_placeholder("xxxxxxxx")
    assert not is_placeholder("Xk9mQ3swkj")
