from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.headers import get, is_credential, redact, redact_query

SECRET = "recognisable-secret-0123456789"
PRINT = hashlib.sha256(SECRET.encode()).hexdigest()[:8]

CREDENTIALS = [
    "authorization", "proxy-authorization", "x-api-key", "api-key", "x-litellm-api-key", "x-goog-api-key",
    "cookie", "set-cookie", "ocp-apim-subscription-key", "x-amz-security-token", "X-Auth-Token", "apikey",
    "x-gitlab-token", "X-Forwarded-Access-Token", "x-client-secret", "x-csrftoken", "x-password",
    "cf-access-client-secret", "anthropic-api-key", "x-litellm-key", "X-Auth", "x-token-id", "x_api_key",
    "helicone-auth", "x-goog-iam-authorization-token", "x-serverless-authorization",
    "cf-access-jwt-assertion",
]  # fmt: skip
ORDINARY = [
    "anthropic-version", "anthropic-beta", "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-unified-5h-utilization", "anthropic-ratelimit-input-tokens-remaining",
    "x-ratelimit-remaining-tokens", "x-litellm-key-spend", "x-litellm-key-tpm-limit", "content-type", "host",
    "x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-prev-tool-durations", "retry-after",
    "request-id", "user-agent", "www-authenticate", "idempotency-key", "x-stainless-lang", "traceparent",
    "x-claude-lens-project", "author", "x-author", "keep-alive", "x-monkeys", "x-tokenizer",
]  # fmt: skip


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_header_keeps_only_a_fingerprint(name: str) -> None:
    ((kept, value),) = redact([(name, SECRET)])
    assert kept == name
    assert value == f"[redacted:{name.lower()}:{PRINT}]"


@pytest.mark.parametrize("name", ORDINARY)
def test_other_headers_stay(name: str) -> None:
    assert redact([(name, "some value 123")]) == ((name, "some value 123"),)


def test_one_secret_has_one_fingerprint_whatever_carries_it() -> None:
    shown = redact(
        [
            ("Authorization", f"Bearer {SECRET}"),
            ("authorization", f"bearer  {SECRET} "),
            ("X-Api-Key", SECRET),
            ("x-litellm-api-key", f"Bearer {SECRET}"),
            ("proxy-authorization", f"Basic {SECRET}"),
        ]
    )
    assert [value for _, value in shown] == [
        f"[redacted:bearer:{PRINT}]",
        f"[redacted:bearer:{PRINT}]",
        f"[redacted:x-api-key:{PRINT}]",
        f"[redacted:bearer:{PRINT}]",
        f"[redacted:basic:{PRINT}]",
    ]


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {SECRET}",
        "basic dXNlcjpwYXNz",
        "sk-ant-oat01-abcdefghijklmnop",
        "upstream=sk-proj-abcdefghijklmnopqrst; x",
        "gsk_abcdefghijklmnopqrstuvwxyz",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AIzaSyA0123456789012345678901234567890ab",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
    ],
)
def test_a_value_that_is_plainly_a_secret_goes_whatever_its_header(value: str) -> None:
    ((_, shown),) = redact([("x-custom", value)])
    assert shown.startswith("[redacted:")
    assert value not in shown


@pytest.mark.parametrize(
    "value", ["basically fine", "bearer", "task-1234567890123456789", "risk-free", "sk-1"]
)
def test_a_value_that_only_looks_like_one_stays(value: str) -> None:
    assert redact([("x-custom", value)]) == (("x-custom", value),)


def test_an_unknown_scheme_is_not_shown_since_it_may_be_the_secret() -> None:
    ((_, shown),) = redact([("authorization", "hunter2 more")])
    assert "hunter2" not in shown


def test_order_case_duplicates_and_empty_values_stay() -> None:
    given_headers = [("B", "1"), ("a", "2"), ("B", "3"), ("Cookie", ""), ("cookie", "x=y")]
    shown = redact(given_headers)
    assert [name for name, _ in shown] == ["B", "a", "B", "Cookie", "cookie"]
    assert [value for _, value in shown[:4]] == ["1", "2", "3", ""]


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_any_headers_and_twice_is_once(headers: list[tuple[str, str]]) -> None:
    once = redact(headers)
    assert redact(once) == once
    assert [name for name, _ in once] == [name for name, _ in headers]


@given(st.sampled_from(CREDENTIALS), st.text(min_size=12))
def test_no_credential_survives(name: str, secret: str) -> None:
    assert secret not in redact([(name, secret)])[0][1] or secret.startswith("[redacted:")


def test_get_finds_the_first_whatever_the_case() -> None:
    headers = (("Content-Type", "a"), ("content-type", "b"))
    assert get(headers, "CONTENT-TYPE") == "a"
    assert get(headers, "missing") is None


def test_names_are_judged_by_words() -> None:
    assert is_credential("X-Api-Key")
    assert not is_credential("x-keyboard")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("beta=true", "beta=true"),
        ("beta=true&limit=1000&flag&x=%41+b", "beta=true&limit=1000&flag&x=%41+b"),
        (f"alt=sse&key={SECRET}", f"alt=sse&key=[redacted:key:{PRINT}]"),
        (f"access_token={SECRET}&a=b", f"access_token=[redacted:access_token:{PRINT}]&a=b"),
        ("key=", "key="),
    ],
)
def test_credentials_in_a_query(query: str, shown: str) -> None:
    assert redact_query(query) == shown
