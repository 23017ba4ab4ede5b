from __future__ import annotations

from typing import Any

import pytest

from claude_lens.exchange import Agent
from claude_lens.store.writing import titles
from tests.store.conftest import Make, body_of


def user(*texts: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text} for text in texts]}]}


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (user("<system-reminder>\nx\n</system-reminder>", "fix the bug"), "fix the bug"),
        (user("<system-reminder>x</system-reminder>\n\nfix  the\nbug"), "fix the bug"),
        (user("<command-name>/clear</command-name>\n<command-args></command-args>", "go on"), "go on"),
        (user("<local-command-stdout>never closed", "hello"), "hello"),
        ({"messages": [{"role": "system", "content": "env"}, {"role": "user", "content": "plain"}]}, "plain"),
        (user("<div> is not centred"), "<div> is not centred"),
        (user("<available-deferred-tools>\nWeb\n</available-deferred-tools>", "hello"), "hello"),
        (user("This session is being continued from a previous conversation that ran", "on"), "on"),
        (user("[Request interrupted by user]", "do that"), "do that"),
        (user("<task-notification><summary>done</summary></task-notification>"), None),
        (
            user("<command-name>/review</command-name><command-args>src</command-args>", "You are"),
            "/review src",
        ),
        (user("<system-reminder>only</system-reminder>"), None),
        ({"messages": "odd"}, None),
        ({"messages": [5, {"role": "user", "content": [5, {"type": "text", "text": 5}]}]}, None),
        (None, None),
    ],
)
def test_the_first_prompt_is_what_a_human_wrote(body: dict[str, Any] | None, title: str | None) -> None:
    assert titles.first_prompt(body) == title


def test_a_long_prompt_is_cut() -> None:
    found = titles.first_prompt(user("word " * 100))

    assert found is not None
    assert len(found) <= 80
    assert found.endswith("…")


def answer(*texts: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text} for text in texts]}


def test_only_an_answer_that_is_a_title_counts(make: Make) -> None:
    both = make(body_of("x"), answer('{"title": "a"}', '{"title": "b"}'), request_class="auxiliary")
    failed = make(body_of("x"), {"error": {}}, request_class="auxiliary")
    assert titles.title_of(both, titles.NONE) is None
    assert titles.title_of(failed, titles.NONE) is None


def test_the_clients_own_title_wins_over_the_prompt_and_nothing_over_it(make: Make) -> None:
    prompt = make(body_of("fix the bug"))
    own = make(body_of("make a title"), answer('{"title": "Bug fix"}'), request_class="auxiliary")

    assert titles.title_of(prompt, titles.NONE) == ("fix the bug", titles.PROMPT)
    assert titles.title_of(prompt, titles.PROMPT) is None
    assert titles.title_of(own, titles.PROMPT) == ("Bug fix", titles.CLIENT)
    assert titles.title_of(own, titles.CLIENT) is None


def test_what_no_human_wrote_names_no_session(make: Make) -> None:
    counted = make(body_of("foo"), endpoint="/v1/messages/count_tokens")
    quota = make({**user("quota"), "max_tokens": 1}, request_class=None)

    assert titles.title_of(counted, titles.NONE) is None
    assert titles.title_of(quota, titles.NONE) is None


def test_subagents_and_helpers_name_no_session(make: Make) -> None:
    assert titles.title_of(make(body_of("x"), agent=Agent(id="a1")), titles.NONE) is None
    assert titles.title_of(make(body_of("x"), request_class="compaction"), titles.NONE) is None
    assert titles.title_of(make(body_of("x"), request_class="auxiliary"), titles.NONE) is None
