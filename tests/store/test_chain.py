from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_lens import exact
from claude_lens.store import chain, content
from tests.store.conftest import answer_of, body_of
from tests.test_exact import SCALARS, VALUES

MARKS = st.sampled_from([{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}, None, "odd", 5])
BLOCKS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.just("text")}, optional={"text": VALUES, "cache_control": MARKS, "input": VALUES}
    )
    | SCALARS,
    lambda inner: st.fixed_dictionaries(
        {"content": st.lists(inner, max_size=4)}, optional={"cache_control": MARKS, "id": st.text()}
    ),
    max_leaves=8,
)
LISTS = st.lists(BLOCKS, max_size=5)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "model": st.text(),
        "messages": LISTS | VALUES,
        "system": LISTS | st.text() | st.none(),
        "tools": LISTS | VALUES,
        "cache_control": MARKS,
        "metadata": VALUES,
    },
)


def again(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` taken apart, through bytes, and put together."""
    parts = chain.split(body)
    lists = {
        name: [exact.load(chain.element(value)) for value in each.values]
        for name, each in parts.chains.items()
    }
    marks = exact.load(exact.dump(parts.marks))
    return chain.join(exact.load(parts.params), lists, parts.single, marks)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(BODIES)
def test_any_body_is_rebuilt_with_its_keys_in_order(body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)

    rebuilt = again(body)

    assert body == before
    assert json.dumps(rebuilt) == json.dumps(body)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(BODIES)
def test_the_digests_are_those_of_the_contents(body: dict[str, Any]) -> None:
    parts = chain.split(body)

    for each in parts.chains.values():
        step = chain.ROOT
        for value, known, named in zip(each.values, each.contents, each.steps, strict=True):
            assert content.digest(chain.element(value)) == known
            step = content.digest(step + known)
            assert step == named


def test_a_body_as_claude_code_sends_it_comes_back_byte_for_byte() -> None:
    sent = orjson.dumps(body_of("first", "second", "third"))

    assert orjson.dumps(again(orjson.loads(sent))) == sent


def test_a_longer_conversation_shares_all_its_steps() -> None:
    shorter, longer = chain.split(body_of("a", "b")), chain.split(body_of("a", "b", "c"))

    assert longer.chains["messages"].steps[:3] == shorter.chains["messages"].steps
    assert longer.chains["tools"].steps == shorter.chains["tools"].steps
    assert longer.params == shorter.params


def test_moving_a_cache_mark_changes_no_content_but_the_digest_of_the_whole() -> None:
    body = body_of("a", "b")
    moved = copy.deepcopy(body)
    del moved["system"][1]["cache_control"]
    moved["system"][0]["cache_control"] = {"type": "ephemeral"}

    one, other = chain.split(body), chain.split(moved)

    assert one.chains["system"].steps == other.chains["system"].steps
    assert one.marks != other.marks
    assert one.digest != other.digest


def test_edited_history_shares_only_what_comes_before() -> None:
    one, other = chain.split(body_of("a", "b", "c")), chain.split(body_of("a", "B", "c"))

    same = [x == y for x, y in zip(one.chains["messages"].steps, other.chains["messages"].steps, strict=True)]
    assert same == [True, True, False, False, False]
    # The elements after the edit are still stored once.
    assert one.chains["messages"].contents[3] == other.chains["messages"].contents[3]


def test_a_tool_argument_named_like_a_mark_is_content() -> None:
    use = {"type": "tool_use", "input": {"cache_control": {"type": "mine"}}}

    bare, found = chain.strip(use)

    assert bare == use
    assert found == []


def test_a_retry_has_the_same_digest() -> None:
    assert chain.split(body_of("a")).digest == chain.split(body_of("a")).digest


def test_params_and_lists_make_different_digests() -> None:
    bodies: list[dict[str, Any]] = [{}, {"system": []}, {"system": None}, {"system": ""}]
    digests = {chain.split(body).digest for body in bodies}

    assert len(digests) == 4


def test_a_system_prompt_that_is_text_is_a_chain_of_one() -> None:
    parts = chain.split({"system": "be kind", "messages": [answer_of(1)]})

    assert parts.single == {"system"}
    assert len(parts.chains["system"].steps) == 1


def test_endless_nesting_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"content": [deep]}

    with pytest.raises(RecursionError):
        chain.split({"messages": [deep]})


def test_lists_seen_before_are_told_apart_and_bounded() -> None:
    recent = chain._Recent(100)
    for number in range(20):
        data = [b"%d" % number, b"x" * 30]
        recent.put("messages", chain._Before(data=data, size=31))
        recent.put("messages", chain._Before(data=data, size=32))
    kept = [number for number in range(20) if recent.get("messages", b"%d" % number)]
    assert kept == [17, 18, 19]
    assert recent.get("tools", b"19") is None


def test_a_list_that_grows_shrinks_or_changes_has_the_same_steps_as_one_never_seen() -> None:
    lists = [
        [{"a": 1}],
        [{"a": 1}, {"b": 2}],
        [{"a": 1}, {"b": 3}, {"c": 4}],
        [{"a": 1}],
        [{"a": 1}, {"c": 4}],
    ]
    warm = [chain.split({"messages": each}).digest for each in lists]
    for each, expected in zip(lists, warm, strict=True):
        chain._recent = chain._Recent(1 << 20)
        assert chain.split({"messages": each}).digest == expected
