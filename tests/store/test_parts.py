"""What of a cost other models took, in its column."""

from __future__ import annotations

from claude_lens.exchange import CostPart, Usage
from claude_lens.store import parts
from claude_lens.store.schema import TOKENS

ADVISER = CostPart(kind="advisor", model="opus", usage=Usage(input_tokens=7, output_tokens=1), usd=0.25)
UNKNOWN = CostPart(kind="fallback", model="no\ud800\0body", usage=Usage())


def test_what_is_packed_comes_back() -> None:
    assert parts.packed(()) is None
    assert parts.unpacked(None) == []
    column = parts.packed((ADVISER, UNKNOWN))
    first, second = parts.restored(column)
    assert first == ADVISER
    assert (second.model, second.usd) == ("no?\ufffdbody", None)
    (shown, _) = parts.unpacked(column)
    assert (shown["kind"], shown["model"], shown["cost_usd"], shown["input_tokens"]) == (
        "advisor",
        "opus",
        0.25,
        7,
    )


def test_a_row_is_told_apart_by_models() -> None:
    row = {
        **dict.fromkeys(TOKENS, 10),
        "model_routed": "sonnet",
        "status": "error",
        "cost_usd": 1.0,
        "cost_requested_usd": None,
        "cost_parts": None,
    }
    assert list(parts.by_model(row)) == [(row, 1)]
    (own, one), (beside, none) = parts.by_model({**row, "cost_parts": parts.packed((ADVISER,))})
    assert (one, none) == (1, 0)
    assert (own["cost_usd"], own["cost_requested_usd"], own["input_tokens"]) == (0.75, 0.75, 10)
    assert (beside["cost_usd"], beside["model_routed"], beside["status"]) == (0.25, "opus", "ok")
    assert (beside["input_tokens"], beside["cache_read_input_tokens"]) == (7, 0)
