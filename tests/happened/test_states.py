"""What an agent and a session do, told from their newest requests."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.happened.states import IDLE_AFTER, STALLED_AFTER, Newest, of_agent, of_session
from tests.happened.test_saying import call

NOW = 1_760_000_000.0


def running(**fields: Any) -> Newest:
    return Newest(status="running", started_at=NOW - 20, **fields)


def ended(ago: float = 1.0, **fields: Any) -> Newest:
    return Newest(**{"started_at": NOW - ago - 2, "ended_at": NOW - ago, "stop_reason": "end_turn", **fields})


def failed(ago: float, times: int = 1, status: int | None = 529, **fields: Any) -> Newest:
    return ended(ago, status="error", http_status=status, failed=times, stop_reason=None, **fields)


def test_an_answer_that_comes() -> None:
    found = of_agent(running(), NOW)
    assert (found.kind, found.since, found.detail) == ("waiting_first_token", NOW - 20, None)
    found = of_agent(running(failed=2, failed_with="529"), NOW)
    assert (found.kind, found.detail) == ("waiting_first_token", "after 529, 3rd try")
    found = of_agent(running(said_at=NOW - 5, last_at=NOW - 0.4, tokens=212), NOW)
    assert (found.kind, found.since, found.tokens) == ("streaming", NOW - 5, 212)
    assert found.detail == "212 tokens, last byte 0.4 s ago"
    found = of_agent(running(said_at=NOW - 60, last_at=NOW - 45, tokens=7), NOW)
    assert (found.kind, found.since, found.last_at) == ("stalled", NOW - 45, NOW - 45)
    assert found.detail == "no byte for 45 s, after 7 tokens"
    assert of_agent(running(said_at=NOW - 60, last_at=NOW - STALLED_AFTER + 0.1), NOW).kind == "streaming"


def test_a_tool_runs_until_its_result_is_sent() -> None:
    found = of_agent(ended(31, stop_reason="tool_use", calls=[call("Bash", {"command": "npm test"})]), NOW)
    assert (found.kind, found.tool, found.detail, found.since) == ("tool", "Bash", "npm test", NOW - 31)
    two = [call("Agent", {"prompt": "p"}), call("Read", {"file_path": "/x"})]
    found = of_agent(ended(stop_reason="tool_use", calls=two), NOW)
    assert (found.tool, found.detail) == ("Read", "/x and 1 more")
    # Without bodies nobody knows which tool.
    found = of_agent(ended(stop_reason="tool_use"), NOW)
    assert (found.kind, found.tool) == ("tool", None)
    asks = call("AskUserQuestion", {"questions": [{"question": "Which?"}]})
    found = of_agent(ended(stop_reason="tool_use", calls=[asks]), NOW)
    assert (found.kind, found.detail) == ("waiting_user", "Which?")


def test_a_failed_request_is_tried_again_for_as_long_as_the_client_would() -> None:
    found = of_agent(failed(0.8, 2, retry_after=2.0), NOW)
    assert (found.kind, found.tries, found.again_at) == ("retrying", 2, NOW + 1.2)
    assert found.detail == "after 529, 2nd time, again in 1.2 s"
    assert of_agent(failed(1, 1), NOW).detail == "after 529, 1st time"
    assert of_agent(failed(60, 1, retry_after=50.0), NOW).kind == "error"
    assert of_agent(failed(10, 1), NOW).kind == "error"
    assert of_agent(failed(10, 5), NOW).kind == "retrying"
    assert of_agent(failed(1, status=None), NOW).kind == "retrying"
    assert of_agent(failed(1, status=200), NOW).detail == "after a cut answer, 1st time"
    assert of_agent(failed(1, tries_again=False), NOW).kind == "error"
    for status in (400, 401, 402, 403, 404, 413):
        assert of_agent(failed(1, status=status), NOW).kind == "error"
    assert of_agent(ended(status="interrupted"), NOW).kind == "error"
    found = of_agent(ended(status="refused", error="limit of 2 $"), NOW)
    assert (found.kind, found.detail) == ("refused", "limit of 2 $")
    assert of_agent(ended(stop_reason="refusal"), NOW).kind == "refused"


def test_an_answer_without_calls_is_for_whoever_reads_it() -> None:
    assert of_agent(ended(), NOW).kind == "waiting_user"
    assert of_agent(ended(alone=True), NOW).kind == "done"
    assert of_agent(ended(agent_id="a1"), NOW).kind == "done"
    assert of_agent(ended(status="cancelled"), NOW).kind == "waiting_user"


def test_a_session_is_its_main_agent_or_whoever_works_for_it() -> None:
    assert of_session(None, [], NOW) is None
    tool = ended(9, stop_reason="tool_use", calls=[call("Bash", {"command": "x"})])
    helper = running(agent_id="a1", name="scanner", said_at=NOW - 1, last_at=NOW)
    state = of_session(tool, [helper], NOW)
    assert state is not None
    assert (state["kind"], state["agent"]) == ("tool", "main")
    assert [one["agent"] for one in state["agents"]] == ["main", "scanner"]
    state = of_session(ended(9, alone=True), [helper, ended(5, agent_id="a2")], NOW)
    assert state is not None
    assert (state["kind"], state["agent"], state["agent_id"]) == ("streaming", "scanner", "a1")
    assert [one["agent_id"] for one in state["agents"]] == [None, "a1"]


def kind(*agents: Newest, **told: Any) -> str:
    state = of_session(agents[0], agents[1:], NOW, **told)
    assert state is not None
    return state["kind"]


def test_a_session_of_which_nothing_is_heard_is_idle() -> None:
    long = IDLE_AFTER + 1
    assert kind(ended(IDLE_AFTER - 1)) == "waiting_user"
    assert kind(ended(long)) == "idle"
    assert kind(ended(long, stop_reason="tool_use")) == "idle"
    assert kind(ended(long, alone=True)) == "done"
    assert kind(failed(long)) == "error"
    # While another of its agents works, it is not.
    assert kind(ended(long), ended(3, agent_id="a", stop_reason="tool_use")) == "tool"


def test_hooks_tell_what_the_wire_cannot() -> None:
    assert kind(ended(10), ended_at=NOW - 5) == "done"
    assert kind(ended(10), ended_at=NOW - 500) == "waiting_user"
    assert kind(ended(10, stop_reason="tool_use"), ended_at=NOW - 5) == "done"
    bash = ended(10, stop_reason="tool_use", calls=[call("Bash", {"command": "rm x"})])
    state = of_session(bash, [], NOW, permission=(NOW - 9, "Bash"))
    assert state is not None
    assert (state["kind"], state["tool"]) == ("waiting_user", "Bash")
    assert state["detail"] == "awaiting permission · rm x"
    assert kind(bash, permission=(NOW - 60, "Bash")) == "tool"


@pytest.mark.parametrize("number", range(1, 30))
def test_tries_are_counted_in_english(number: int) -> None:
    ending = of_agent(failed(0, number), NOW).detail
    wanted = {1: "1st", 2: "2nd", 3: "3rd", 11: "11th", 12: "12th", 21: "21st", 22: "22nd", 23: "23rd"}
    assert ending == f"after 529, {wanted.get(number, f'{number}th')} time"
