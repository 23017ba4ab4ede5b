"""Causes as they are said; which one is found is tried in ``test_why``."""

from __future__ import annotations

from claude_lens.store.insight.causes import thousands
from tests.store.insight.test_why import Talk, talk, used

__all__ = ["talk"]


def test_tokens_in_a_sentence() -> None:
    assert [thousands(number) for number in (0, 999, 1_000, 9_700, 123_456)] == [
        "0",
        "999",
        "1.0k",
        "9.7k",
        "123.5k",
    ]


def test_hours_are_said_as_hours(talk: Talk) -> None:
    talk.at += 5 * 3600
    talk.say("third", used(0, 32_000))
    assert talk.last()["text"] == "5 h passed, what was cached lives for 5"


def test_what_does_not_explain_it_is_unknown(talk: Talk) -> None:
    talk.messages[-2]["content"] = "another prompt"
    talk.say("third", used(0, 32_000))
    assert (talk.last()["cause"], talk.last()["part"]) == ("unknown", "messages")
