"""Planted misses, each with its cause and its price."""

from __future__ import annotations

import copy

import pytest

from claude_lens.store.insight.causes import thousands
from claude_lens.store.insight.why import Reason
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make
from tests.store.insight.talk import CACHED, HEAD, LATER, READ, SYSTEM, WRITE, WRITE_LONG, Talk, used
from tests.store.insight.test_why import Body


@pytest.fixture
def talk(sink: StoreSink, reader: Reader, make: Make) -> Talk:
    """A session of two turns, all read that there was."""
    one = Talk(sink, reader, make)
    one.say("first", used(0, CACHED - 1_000))
    one.say("second", used(CACHED - 1_000, 1_000))
    return one


def expect(found: Reason, verdict: str, cause: str | None, missed: int, cost: float | None) -> None:
    told = (found["verdict"], found["cause"], found["missed_tokens"])
    assert told == (verdict, cause, missed), found["text"]
    assert found["cost_usd"] == (cost if cost is None else pytest.approx(cost, abs=0.005))


def test_a_clean_session_has_no_miss(talk: Talk) -> None:
    talk.say("third", used(CACHED, 500))
    talk.say("title?", used(0, 0), request_class="auxiliary")
    talk.say("fourth", used(CACHED + 500, 500))
    found = talk.reasons()
    assert [one["verdict"] for one in found] == ["none", "hit", "hit", "none", "hit"]
    assert [one["cause"] for one in found] == ["first", None, None, "beside", None]
    assert found[4]["previous_id"] == found[2]["exchange_id"]


def test_expired_and_cold(talk: Talk) -> None:
    talk.at = LATER
    talk.say("third", used(0, CACHED + 300))
    expect(talk.last(), "miss", "expired", CACHED, CACHED * (WRITE - READ))
    assert talk.last()["text"] == "14 min passed, what was cached lives for 5"


def test_expired_with_a_warm_prefix(talk: Talk) -> None:
    talk.at = LATER
    talk.say("third", used(HEAD, CACHED + 300 - HEAD))
    found = talk.last()
    expect(found, "partial", "expired", CACHED - HEAD, (CACHED - HEAD) * (WRITE - READ))
    assert found["text"].endswith("; 9.7k of tools and system were kept warm by other sessions")
    assert (found["part"], found["diff"]) == (None, [])


def test_expired_though_the_first_message_changed_too(talk: Talk) -> None:
    talk.at = LATER
    talk.messages[0] = {"role": "user", "content": "today is another day"}
    talk.say("third", used(HEAD, CACHED + 300 - HEAD))
    assert talk.last()["cause"] == "expired"


def test_more_was_read_than_others_can_have_kept(talk: Talk) -> None:
    talk.at = LATER
    talk.system = "short"
    talk.tools = []
    talk.say("third", used(0, CACHED))
    talk.messages[-2]["content"] = "not what it was"
    talk.at += 400
    talk.say("fourth", used(CACHED - 400, 400), body=talk.body("fourth"))
    talk.messages[-2]["content"] = "nor this"
    talk.say("fifth", used(CACHED // 2, CACHED // 2))
    assert talk.last()["cause"] == "history"


def test_a_tool_changed(talk: Talk) -> None:
    talk.tools[1]["description"] = "y" * 400
    talk.say("third", used(0, CACHED + 300))
    found = talk.last()
    expect(found, "miss", "tools", CACHED, CACHED * (WRITE - READ))
    assert found["text"] == "the tools changed: Read changed"


def test_a_tool_went(talk: Talk) -> None:
    del talk.tools[1]
    talk.say("third", used(0, CACHED - 100))
    found = talk.last()
    expect(found, "miss", "tools", CACHED - 95, (CACHED - 95) * (WRITE - READ))
    assert found["text"] == "the tools changed: Read removed"


def test_a_tool_that_is_only_named_changes_nothing(talk: Talk) -> None:
    talk.tools.append({"name": "Later", "description": "z", "defer_loading": True})
    talk.say("third", used(0, CACHED + 300))
    assert talk.last()["cause"] == "provider"


def test_the_system_prompt_changed(talk: Talk) -> None:
    talk.system = SYSTEM.replace("everything", "nearly everything", 1)
    talk.say("third", used(1_000, CACHED - 700))
    found = talk.last()
    expect(found, "partial", "system", CACHED - 1_000, (CACHED - 1_000) * (WRITE - READ))
    assert (found["part"], found["index"]) == ("system", 1)


def test_another_model(talk: Talk) -> None:
    talk.model = "claude-opus-5-5"
    talk.say("third", used(0, 0, CACHED + 300))
    expect(talk.last(), "miss", "model", CACHED, CACHED * (WRITE_LONG - READ))


def test_a_compaction_loses_no_more_than_what_both_have(talk: Talk) -> None:
    talk.messages.append({"role": "user", "content": "x" * 60_000})
    talk.say("third", used(CACHED, 8_000))
    talk.say("summarise", used(CACHED + 8_000, 50), request_class="compaction")
    talk.messages = []
    body = talk.body("This session is being continued from a previous conversation.")
    talk.say("summary", used(0, 12_000), body=body)
    found = talk.last()
    assert (found["verdict"], found["cause"]) == ("miss", "compaction")
    assert found["missed_tokens"] is not None
    assert 4_000 < found["missed_tokens"] <= 12_005
    assert found["cost_usd"] == pytest.approx(found["missed_tokens"] * (WRITE - READ), abs=0.005)


def test_a_compaction_that_loses_nothing_is_no_miss(talk: Talk) -> None:
    talk.messages = []
    talk.say("This session is being continued.", used(30_000, 1_000))
    assert (talk.last()["verdict"], talk.last()["cause"]) == ("hit", "compaction")


def test_the_provider_lost_it(talk: Talk) -> None:
    talk.say("third", used(0, CACHED + 300))
    expect(talk.last(), "miss", "provider", CACHED, CACHED * (WRITE - READ))


def test_what_was_not_written_again_was_paid_as_input(talk: Talk) -> None:
    talk.say("third", used(0, 2_000))
    paid = 2_000 * WRITE + (2_005 - 2_000) * 1e-5 - 2_005 * READ
    expect(talk.last(), "miss", "provider", 2_005, paid)


def test_a_retry_is_no_predecessor(talk: Talk) -> None:
    body = talk.body("third")
    talk.say("third", used(0, CACHED + 300), body=body, request_class="main")
    del talk.messages[-2:]
    talk.say("third", used(CACHED, 300), body=body)
    found = talk.reasons()
    assert found[-1]["previous_id"] == found[1]["exchange_id"]
    assert found[-1]["verdict"] == "hit"


def test_what_was_sent_meanwhile_had_nothing_to_read(talk: Talk) -> None:
    talk.say("third", used(CACHED, 300), ttft_ms=60_000.0, ttfb_ms=50_000.0)
    talk.say("fourth", used(CACHED, 600))
    found = talk.reasons()
    assert (found[-1]["previous_id"], found[-1]["verdict"]) == (found[1]["exchange_id"], "hit")


def test_nothing_is_claimed_of_what_was_imported(talk: Talk) -> None:
    def bare(prompt: str) -> Body:
        talk.messages.append({"role": "user", "content": prompt})
        return {"model": talk.model, "messages": copy.deepcopy(talk.messages)}

    talk.at += 10_000
    talk.say("a", used(0, CACHED), body=bare("a"))
    talk.say("b", used(HEAD, CACHED), body=bare("b"))
    found = talk.last()
    assert (found["verdict"], found["cause"]) == ("partial", "unknown")
    talk.at += 900
    talk.say("c", used(0, CACHED), body=bare("c"))
    assert talk.last()["cause"] == "expired"


def test_another_conversation_is_no_predecessor(talk: Talk) -> None:
    talk.system, talk.messages = "another agent's, which a client did not name", []
    talk.say("look around", used(0, 5_000))
    assert (talk.last()["verdict"], talk.last()["cause"]) == ("none", "first")


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
