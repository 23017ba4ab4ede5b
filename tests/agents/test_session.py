from claude_lens.agents.facts import Claimed, Mark, Spawned, Told
from claude_lens.agents.session import KEPT, SessionAgents


def call(id: str) -> Spawned:
    return Spawned(tool_use_id=id, name=f"name of {id}", prompt=Mark.of(id))


def owner(session: SessionAgents, agent: str) -> str | None:
    found = session.call_of(agent)
    return found.tool_use_id if found else None


def test_a_claim_takes_the_first_free_call() -> None:
    session = SessionAgents([call("t1"), call("t2")])
    for agent in ("a", "b", "c"):
        session.apply(Claimed(agent_id=agent, tool_use_ids=("t1", "t2")))
    assert [owner(session, agent) for agent in ("a", "b", "c")] == ["t1", "t2", None]
    assert session.free() == []
    session.apply(Claimed(agent_id="a", tool_use_ids=("t2",)))
    assert owner(session, "a") == "t1"


def test_what_the_client_tells_outweighs_a_claim() -> None:
    session = SessionAgents([call("t1"), call("t2")])
    session.apply(Claimed(agent_id="a", tool_use_ids=("t1", "t2")))
    session.apply(Claimed(agent_id="b", tool_use_ids=("t1", "t2")))
    session.apply(Told(agent_id="b", tool_use_id="t1"))
    assert (owner(session, "a"), owner(session, "b")) == (None, "t1")
    assert [free.tool_use_id for free in session.free()] == ["t2"]
    session.apply(Told(agent_id="a", tool_use_id="t1"))
    assert owner(session, "b") == "t1"
    session.apply(Told(agent_id="a", tool_use_id="t2"))
    assert owner(session, "a") == "t2"
    session.apply(Told(agent_id="x", tool_use_id="unknown"))
    assert owner(session, "x") is None


def test_knows() -> None:
    session = SessionAgents()
    assert not session.knows(call("t1"))
    session.apply(call("t1"))
    assert session.knows(call("t1"))
    assert session.knows(Told(agent_id="a", tool_use_id="other"))
    told = Told(agent_id="a", tool_use_id="t1")
    assert not session.knows(told)
    assert not session.knows(Claimed(agent_id="a", tool_use_ids=("t1",)))
    session.apply(told)
    assert session.knows(told)
    assert session.knows(Claimed(agent_id="a", tool_use_ids=("t1",)))


def test_bounded() -> None:
    session = SessionAgents(call(f"t{number}") for number in range(KEPT))
    session.apply(Told(agent_id="a", tool_use_id="t0"))
    session.apply(call("new"))
    assert len(session.calls()) == KEPT
    assert owner(session, "a") is None
    assert session.calls()[0].tool_use_id == "t1"
