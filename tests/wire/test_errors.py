from __future__ import annotations

from typing import Any

import pytest

from claude_lens.wire.errors import error_text


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            529,
            "overloaded_error: Overloaded",
        ),
        (
            {"error": {"message": "Bad\n  key", "type": "invalid_request_error", "code": "x"}},
            401,
            "invalid_request_error: Bad key",
        ),
        ({"error": {"message": "No", "code": 429}}, 429, "429: No"),
        ({"error": {"type": "api_error"}}, 500, "api_error"),
        ({"error": "plain"}, 500, "HTTP 500: plain"),
        ({"detail": "Not Found"}, 404, "HTTP 404: Not Found"),
        ({"error": None}, 500, "HTTP 500"),
        ({}, 502, "HTTP 502"),
        ({"x": 1}, None, "HTTP error"),
    ],
)
def test_one_line(answer: dict[str, Any], status: int | None, expected: str) -> None:
    assert error_text(answer, status) == expected


def test_a_body_that_is_not_json() -> None:
    assert error_text(None, 503, b"upstream\nis  down") == "HTTP 503: upstream is down"
    assert error_text(None, 502, b"<HTML><body>Bad gateway") == "HTTP 502"
    assert error_text(None, 502) == "HTTP 502"
    page = b"<html><head><title>502: Bad\n gateway &amp; more</title></head><body>Ray 1</body>"
    assert error_text(None, 502, page) == "HTTP 502: 502: Bad gateway & more"


def test_is_bounded() -> None:
    assert len(error_text({"error": {"type": "a", "message": "x" * 10_000}})) == 500
    assert len(error_text(None, 500, b"y" * 10_000)) == 500
