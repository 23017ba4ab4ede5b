"""Readings as rows."""

from __future__ import annotations

from claude_lens.exchange import Exchange, Identity, Response
from claude_lens.store.writing.readings import rows


def test_a_row_a_window() -> None:
    headers = tuple(
        (f"anthropic-ratelimit-unified-{name}", value)
        for name, value in (
            ("5h-utilization", "0.62"),
            ("5h-reset", "1795850000"),
            ("7d-utilization", "0.3"),
            ("status", "allowed"),
            ("representative-claim", "five_hour"),
        )
    )
    one = Exchange(id="e", started_at=5.0, identity=Identity(user_id="u"), response=Response(headers=headers))
    assert rows(one, 7) == [
        {
            "exchange": 7,
            "window": name,
            "account": "u",
            "at": 5.0,
            "used": used,
            "resets_at": resets,
            "status": "allowed",
            "representative": int(name == "5h"),
        }
        for name, used, resets in (("5h", 0.62, 1795850000.0), ("7d", 0.3, None))
    ]
    assert rows(Exchange(id="e"), 7) == []
