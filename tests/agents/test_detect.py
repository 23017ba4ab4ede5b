"""The evidence weighed: tables of bodies old and new, and sessions shuffled at random."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_lens.agents.asker import Asker
from claude_lens.agents.detect import detect
from claude_lens.agents.facts import Spawned, history, spawned
from claude_lens.agents.session import SessionAgents
from claude_lens.exchange import Agent, Headers
from tests.agents.bodies import OLD_HEADERS, Json, asking, call, headers, message, old, result, today

PROMPT = "Review the code in a.py, please."
TEACHER = "Teach the history of the abacus."


def spawns(*calls: Json, parent: str | None = None) -> list[Spawned]:
    return spawned(message("assistant", *calls), parent)


def named(body: Json, sent: Headers, session: SessionAgents, file: str | None = None) -> Agent:
    agent, claim = detect(asking(body, sent), session, lambda _: file)
    if claim:
        session.apply(claim)
    return agent


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (headers(request_class="main"), Agent(evidence="headers")),
        (headers(), Agent(evidence="default")),
        (
            headers("a1", None, "Explore", "subagent"),
            Agent(id="a1", type="Explore", name="Explore", evidence="headers"),
        ),
        (headers("a1", None, "custom", "subagent"), Agent(id="a1", type="custom", evidence="headers")),
        (headers("a1"), Agent(id="a1", evidence="headers")),
        ((), Agent(evidence="default")),
        (OLD_HEADERS, Agent(evidence="default")),
    ],
)
def test_headers_alone(sent: Headers, expected: Agent) -> None:
    assert named(today(), sent, SessionAgents()) == expected


def test_other_clients_are_nobody() -> None:
    session = SessionAgents(spawns(call("t1", "hi there")))
    body: Json = {"messages": [{"role": "user", "content": "hi there"}]}
    assert named(body, (("user-agent", "curl/8"),), session) == Agent(evidence="unknown")


@pytest.mark.parametrize("kind", [None, "custom"])
def test_spawn_gives_name_description_call_and_parent(kind: str | None) -> None:
    session = SessionAgents(spawns(call("t0", TEACHER), call("t1", PROMPT), call("t2", "x")))
    agent = named(today(prompt=PROMPT, subagent=True), headers("a1", kind=kind), session)
    assert agent == Agent(
        id="a1",
        type="custom",
        name="code-reviewer",
        description="about t1",
        spawn_tool_use_id="t1",
        evidence="spawn",
    )
    again = named(today(message("assistant", "done"), prompt="compacted"), headers("a1", kind=kind), session)
    assert again == agent


def test_built_in_type_from_headers_keeps_the_call() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT, "Explore")))
    agent = named(today(prompt=PROMPT), headers("a1", kind="Explore"), session)
    assert (agent.name, agent.evidence, agent.spawn_tool_use_id) == ("Explore", "headers", "t1")


def test_built_in_type_without_hints() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT, "Explore")))
    agent = named(today(prompt=PROMPT), headers("a1"), session)
    assert (agent.name, agent.type, agent.evidence) == ("Explore", "Explore", "spawn")


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("tool", ["Task", "Agent"])
def test_old_clients(as_text: bool, tool: str) -> None:
    session = SessionAgents(spawns(call("t1", PROMPT, tool=tool), call("t2", TEACHER, "Plan", tool=tool)))
    agent = named(old(prompt=PROMPT, as_text=as_text), OLD_HEADERS, session)
    assert (agent.id, agent.name, agent.spawn_tool_use_id, agent.evidence) == (
        "t1",
        "code-reviewer",
        "t1",
        "spawn",
    )
    other = named(old(message("assistant", "ok"), prompt=TEACHER), OLD_HEADERS, session)
    assert (other.name, other.type) == ("Plan", "Plan")
    assert named(old(prompt="hello"), OLD_HEADERS, session) == Agent(evidence="default")


def test_old_parent_is_not_its_own_child() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT, tool="Task")))
    parent = old(message("assistant", call("t1", PROMPT, tool="Task")), prompt=PROMPT)
    assert named(parent, OLD_HEADERS, session) == Agent(evidence="default")


def test_old_client_with_twins() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT), call("t2", PROMPT)))
    agent = named(old(prompt=PROMPT), OLD_HEADERS, session)
    assert (agent.name, agent.spawn_tool_use_id, agent.id) == ("code-reviewer", None, "t1")


def test_old_client_that_quotes_a_prompt_is_the_main_agent() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT)))
    assert named(old(prompt=f"It said: {PROMPT}"), OLD_HEADERS, session) == Agent(evidence="default")


def test_prompt_inside_a_longer_message() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT), call("t2", PROMPT + " Then the tests.", "tester")))
    body = today(prompt=f"Preamble.\n{PROMPT} Then the tests.\nAfterwards.", subagent=True)
    assert named(body, headers("a1"), session).name == "tester"
    assert named(today(prompt=f"Preamble.\n{PROMPT}"), headers("a2"), session).name == "code-reviewer"


def test_short_prompts_must_be_the_whole_message() -> None:
    session = SessionAgents(spawns(call("t1", "go")))
    assert named(today(prompt="Let us go on."), headers("a1"), session).name is None
    assert named(today(prompt="go"), headers("a1"), session).name == "code-reviewer"


def test_nested() -> None:
    session = SessionAgents([*spawns(call("t1", PROMPT)), *spawns(call("t2", PROMPT, "tester"), parent="a1")])
    inner = named(today(prompt=PROMPT), headers("a2", parent="a1"), session)
    outer = named(today(prompt=PROMPT), headers("a1"), session)
    assert (outer.name, outer.parent_id) == ("code-reviewer", None)
    assert (inner.name, inner.parent_id, inner.spawn_tool_use_id) == ("tester", "a1", "t2")


def test_twins_of_one_name_are_told_apart_by_order() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT), call("t2", PROMPT)))
    found = [named(today(prompt=PROMPT), headers(agent), session) for agent in ("a1", "a2", "a1", "a3")]
    assert [agent.spawn_tool_use_id for agent in found] == ["t1", "t2", "t1", None]
    assert [agent.name for agent in found] == ["code-reviewer", "code-reviewer", "code-reviewer", None]


def test_twins_of_two_names() -> None:
    calls = (call("t1", PROMPT), call("t2", PROMPT, "tester"), call("t3", PROMPT, "Explore"))
    session = SessionAgents(spawns(*calls))
    assert named(today(prompt=PROMPT), headers("a1"), session).name is None
    assert named(today(prompt=PROMPT), headers("a3", kind="Explore"), session).name == "Explore"
    assert named(today(prompt=PROMPT), headers("a2"), session, file="tester").name == "tester"
    assert named(today(prompt=PROMPT), headers("a1"), session).name == "code-reviewer"


def test_the_client_tells_which_twin() -> None:
    session = SessionAgents(spawns(call("t1", PROMPT), call("t2", PROMPT, "tester")))
    assert named(today(prompt=PROMPT), headers("a1"), session).name is None
    parent = today(
        message("assistant", call("t1", PROMPT), call("t2", PROMPT, "tester")),
        message("user", result("t2", "agentId: a1 (x)")),
    )
    for fact in history(parent, None):
        session.apply(fact)
    assert named(today(prompt=PROMPT), headers("a1"), session).name == "tester"
    assert named(today(prompt=PROMPT), headers("a2"), session).name == "code-reviewer"


def test_agent_file() -> None:
    session = SessionAgents()
    agent = named(today(), headers("a1", kind="custom"), session, file="poet")
    assert agent == Agent(id="a1", type="custom", name="poet", evidence="file")
    assert named(old(), OLD_HEADERS, session, file="poet").name == "poet"
    assert named(today(), headers(), session, file="poet") == Agent(evidence="default")


def test_billing_mark_alone() -> None:
    assert named(today(subagent=True), (), SessionAgents()) == Agent(evidence="billing")


@dataclass
class Simulation:
    """A session at random: agents spawn agents, their requests come in any order, prompts repeat."""

    chance: random.Random
    hints: bool
    ids: bool
    session: SessionAgents = field(default_factory=SessionAgents)
    waiting: list[tuple[str, str | None, str, str]] = field(default_factory=list)
    count: int = 0
    wrong: list[str] = field(default_factory=list)
    right: int = 0

    def spawn(self, parent: str | None) -> None:
        calls: list[Json] = []
        for _ in range(self.chance.randint(1, 3)):
            self.count += 1
            name = self.chance.choice(["poet", "tester", "Explore"])
            prompt = self.chance.choice([PROMPT, PROMPT + " Twice.", TEACHER, f"Only for {self.count}."])
            calls.append(call(f"t{self.count}", prompt, name))
            self.waiting.append((f"a{self.count}", parent, name, prompt))
        for fact in spawned(message("assistant", *calls), parent):
            self.session.apply(fact)
            self.session.apply(fact)

    def ask(self, agent: tuple[str, str | None, str, str]) -> None:
        id, parent, name, prompt = agent
        kind = (name if name == "Explore" else "custom") if self.hints else None
        sent = headers(id, parent, kind) if self.ids else OLD_HEADERS
        body = today(prompt=prompt, subagent=True) if self.ids else old(prompt=prompt)
        asked: Asker = asking(body, sent)
        for _ in range(self.chance.randint(1, 2)):
            found, claim = detect(asked, self.session)
            if claim:
                self.session.apply(claim)
            if found.name not in (None, name):
                self.wrong.append(f"{id}: {found.name} for {name}")
            self.right += found.name == name
            told_id = found.spawn_tool_use_id
            if told_id and not any(told_id == call.tool_use_id for call in self.session.calls()):
                self.wrong.append(f"{id}: no call {told_id}")

    def run(self) -> None:
        self.spawn(None)
        for _ in range(12):
            if not self.waiting:
                break
            asking_now = self.waiting.pop(self.chance.randrange(len(self.waiting)))
            self.ask(asking_now)
            if self.chance.random() < 0.4:
                self.spawn(asking_now[0] if self.ids and self.chance.random() < 0.5 else None)
            if self.chance.random() < 0.3:
                self.ask(asking_now)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_no_shuffle_gives_a_wrong_name(seed: int, hints: bool, ids: bool) -> None:
    simulation = Simulation(random.Random(seed), hints, ids)
    simulation.run()
    assert simulation.wrong == []


def test_the_simulation_does_name_agents() -> None:
    simulations = [Simulation(random.Random(seed), True, True) for seed in range(20)]
    for simulation in simulations:
        simulation.run()
    asked = sum(simulation.right for simulation in simulations)
    assert asked > 100
