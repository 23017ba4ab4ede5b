from claude_lens.agents.detect import no_files
from claude_lens.agents.namer import SESSIONS, Namer
from claude_lens.exchange import Exchange
from tests.agents.bodies import call, exchange, headers, message, result, today

PROMPT = "Look into every corner."


def namer() -> Namer:
    return Namer(no_files)


def parent() -> Exchange:
    return exchange("e1", today(), headers(), message("assistant", call("t1", PROMPT)))


def child(id: str = "e2", agent: str = "a1") -> Exchange:
    return exchange(id, today(prompt=PROMPT, subagent=True), headers(agent))


def test_named_on_arrival() -> None:
    names = namer()
    names.ended(names.arrived(parent()))
    found = names.arrived(child()).identity.agent
    assert (found.name, found.spawn_tool_use_id, found.evidence) == ("code-reviewer", "t1", "spawn")


def test_named_at_the_end_where_the_parents_answer_ended_late() -> None:
    names = namer()
    early = names.arrived(child())
    assert early.identity.agent.name is None
    names.ended(names.arrived(parent()))
    assert names.ended(early).identity.agent.name == "code-reviewer"


def test_named_from_the_parents_history_alone() -> None:
    names = namer()
    body = today(
        message("assistant", call("t1", PROMPT)), message("user", result("t1", "agentId: a7 (internal)"))
    )
    names.arrived(exchange("e1", body, headers()))
    resumed = exchange("e2", today(prompt="compacted since"), headers("a7"))
    assert names.arrived(resumed).identity.agent.spawn_tool_use_id == "t1"


def test_nested_parent() -> None:
    names = namer()
    names.ended(names.arrived(parent()))
    outer = exchange("e2", today(prompt=PROMPT), headers("a1"), message("assistant", call("t2", "Inner.")))
    names.ended(names.arrived(outer))
    inner = names.arrived(exchange("e3", today(prompt="Inner."), headers("a2", "a1"))).identity.agent
    assert (inner.parent_id, inner.spawn_tool_use_id) == ("a1", "t2")


def test_a_failed_answer_spawned_nothing() -> None:
    names = namer()
    failed = exchange("e1", today(), headers(), message("assistant", call("t0", PROMPT)), status="error")
    names.ended(names.arrived(failed))
    names.ended(names.arrived(parent()))
    assert names.arrived(child()).identity.agent.spawn_tool_use_id == "t1"


def test_no_session_no_name() -> None:
    names = namer()
    alone = exchange("e1", {"messages": []}, ())
    assert names.ended(names.arrived(alone)) == alone


def test_sessions_are_forgotten() -> None:
    names = namer()
    names.ended(names.arrived(parent()))
    for number in range(SESSIONS):
        names.arrived(exchange("x", today(session=f"s{number}"), headers(session=f"s{number}")))
    assert names.arrived(child()).identity.agent.name is None
