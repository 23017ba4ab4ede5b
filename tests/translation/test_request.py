import json
from typing import Any

import pytest

from claude_lens.translation.request import Ability, adapt

REASONS = Ability(reasoning=True)


def adapted(ability: Ability = REASONS, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100, **fields}
    before = repr(request)
    made = adapt(request, ability)
    assert repr(request) == before
    return made


def test_only_known_fields_remain() -> None:
    made, notes = adapted(
        metadata={"user_id": "x"}, context_management={"edits": []}, service_tier="auto", top_k=3, stream=True
    )
    assert set(made) == {"messages", "max_tokens", "stream"}
    assert notes == ("fields removed: context_management, metadata, service_tier, top_k",)


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, None),
        ({"thinking": {"type": "disabled"}}, None),
        ({"thinking": {"type": "adaptive"}}, "medium"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "high"),
        ({"output_config": {"effort": "medium"}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 8000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
    ],
)
def test_thinking_becomes_effort(fields: dict[str, Any], effort: str | None) -> None:
    made, _ = adapted(**fields)
    assert made.get("reasoning_effort") == effort
    assert "thinking" not in made
    without, _ = adapted(Ability(), **fields)
    assert "reasoning_effort" not in without


def test_structured_output_stays() -> None:
    made, _ = adapted(output_config={"effort": "low", "format": {"type": "json_schema", "schema": {}}})
    assert made["output_config"] == {"format": {"type": "json_schema", "schema": {}}}


@pytest.mark.parametrize(("most", "expected"), [(None, 128000), (16384, 16384), (200000, 128000)])
def test_max_tokens(most: int | None, expected: int) -> None:
    assert adapted(Ability(max_output=most), max_tokens=128000)[0]["max_tokens"] == expected
    assert adapted(max_tokens=None)[0]["max_tokens"] == 4096


def test_stops_and_choice() -> None:
    made, notes = adapted(stop_sequences=list("abcdef"), tools=[], tool_choice={"type": "auto"})
    assert made["stop_sequences"] == list("abcd")
    assert "tool_choice" not in made
    assert "stop sequences beyond 4 removed" in notes


def test_a_budget_stays_a_number_where_the_target_takes_one() -> None:
    thinking = {"type": "enabled", "budget_tokens": 31999}
    made, _ = adapted(Ability(reasoning=True, budget=True), thinking={**thinking, "display": "omitted"})
    assert (made["thinking"], "reasoning_effort" in made) == (thinking, False)
    made, _ = adapted(Ability(reasoning=True, budget=True), thinking={"type": "adaptive"})
    assert ("thinking" in made, made["reasoning_effort"]) == (False, "medium")
    assert "thinking" not in adapted(Ability(budget=True), thinking=thinking)[0]


def test_requests_of_a_session_share_a_name_for_the_cache() -> None:
    keyed = Ability(cache_key=True)
    user = json.dumps({"device_id": "d", "session_id": "5e55-10"})
    made, notes = adapted(keyed, metadata={"user_id": user})
    again, _ = adapted(keyed, metadata={"user_id": json.dumps({"session_id": "5e55-10"})})
    assert made["prompt_cache_key"] == again["prompt_cache_key"]
    assert len(made["prompt_cache_key"]) == 32
    assert "5e55" not in repr(made)
    assert "fields removed: metadata" in notes
    for odd in ("x", "[]", '{"session_id": 1}', None, "{"):
        assert "prompt_cache_key" not in adapted(keyed, metadata={"user_id": odd})[0]
    assert "prompt_cache_key" not in adapted(Ability(), metadata={"user_id": user})[0]
