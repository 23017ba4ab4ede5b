"""What passes to the provider, and what stops here."""

from __future__ import annotations

from claude_lens.capture.headers import end_to_end, for_upstream, get

SENT = [
    (b"host", b"127.0.0.1:8082"),
    (b"X-Api-Key", b"proxy key"),
    (b"authorization", b"Bearer login"),
    (b"anthropic-beta", b"b,a"),
    (b"anthropic-unknown-thing", b"1"),
    (b"connection", b"keep-alive, X-Private"),
    (b"x-private", b"1"),
    (b"te", b"trailers"),
    (b"expect", b"100-continue"),
    (b"transfer-encoding", b"chunked"),
    (b"x-claude-lens-project", b"%2Fhome"),
    (b"x-litellm-api-key", b"proxy key"),
    (b"x-claude-code-session-id", b"s"),
    (b"anthropic-beta", b"c"),
]


def test_only_what_is_ours_or_the_connections_stops() -> None:
    assert for_upstream(SENT, keep_credentials=False) == [
        (b"anthropic-beta", b"b,a"),
        (b"anthropic-unknown-thing", b"1"),
        (b"x-claude-code-session-id", b"s"),
        (b"anthropic-beta", b"c"),
    ]


def test_a_login_keeps_its_credential() -> None:
    passed = for_upstream(SENT, keep_credentials=True)
    assert (b"authorization", b"Bearer login") in passed
    assert not any(name.startswith(b"x-litellm") for name, _ in passed)


def test_answers_lose_hop_by_hop_headers_only() -> None:
    answer = [(b"Date", b"now"), (b"Connection", b"close"), (b"Keep-Alive", b"1"), (b"Request-Id", b"r")]
    assert end_to_end(answer) == [(b"Date", b"now"), (b"Request-Id", b"r")]


def test_get_ignores_case_and_takes_the_first() -> None:
    assert get(SENT, b"x-api-key") == b"proxy key"
    assert get(SENT, b"anthropic-beta") == b"b,a"
    assert get(SENT, b"absent") is None
