"""What an answer's headers say of a subscription."""

from __future__ import annotations

import pytest

from claude_lens.exchange import Exchange, Headers, Identity, Response
from claude_lens.guard.events import Reading
from claude_lens.guard.readings import readings_of

HEADERS = (
    ("anthropic-ratelimit-unified-5h-utilization", "0.62"),
    ("anthropic-ratelimit-unified-5h-reset", "1795850000"),
    ("anthropic-ratelimit-unified-7d-utilization", "0.3"),
    ("anthropic-ratelimit-unified-7d-reset", "2026-12-01T00:00:00Z"),
    ("anthropic-ratelimit-unified-status", "allowed_warning"),
    ("anthropic-ratelimit-unified-representative-claim", "five_hour"),
)


def answered(headers: Headers) -> Exchange:
    identity = Identity(user_id="u-1")
    return Exchange(
        id="e", identity=identity, started_at=100.0, ttfb_ms=500.0, response=Response(headers=headers)
    )


def test_both_windows() -> None:
    warning = "allowed_warning"
    assert readings_of(answered(HEADERS)) == (
        Reading(
            account="u-1",
            name="5h",
            used=0.62,
            resets_at=1795850000.0,
            at=100.5,
            status=warning,
            representative=True,
        ),
        Reading(account="u-1", name="7d", used=0.3, resets_at=1796083200.0, at=100.5, status=warning),
    )


def test_through_litellm() -> None:
    echoed = tuple((f"llm_provider-{name}", value) for name, value in HEADERS)
    assert readings_of(answered(echoed)) == readings_of(answered(HEADERS))


@pytest.mark.parametrize("value", ["", "much", "nan", "-1", "inf"])
def test_nonsense_is_no_reading(value: str) -> None:
    assert readings_of(answered((("anthropic-ratelimit-unified-5h-utilization", value),))) == ()


def test_no_headers_no_reading() -> None:
    assert readings_of(answered(())) == ()
    assert readings_of(Exchange(id="e")) == ()
