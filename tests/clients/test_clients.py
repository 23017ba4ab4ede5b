"""A session of every client, typed in a terminal and with ``-p``: recorded, routed and traced as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from claude_lens.exchange import Exchange
from claude_lens.findings.look import waste
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import open_reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import sessions
from tests.clients.conftest import Stage
from tests.clients.played import OWN_BODY, TITLE, Known
from tests.clients.typed import COMMAND, Typist, acquaint
from tests.clients.versions import ALL, GATE, program
from tests.harness import Claude
from tests.harness.proxy import until
from tests.harness.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
VERSIONS = [
    pytest.param(version, marks=() if version in GATE else pytest.mark.clients, id=version) for version in ALL
]


@pytest.mark.parametrize("typed", [False, True], ids=["-p", "terminal"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_session(version: str, typed: bool, stage: Stage, tmp_path: Path) -> None:
    found = program(version)
    if found is None:
        pytest.skip(f"client {version} is not installed: run `make clients`")
    known = Known()
    stage.provider.play(known.script)
    before = len(stage.backend.posts)
    user = _user(tmp_path, stage, found)
    if typed:
        _type(user, stage, known)
    else:
        done = user.run("spawn please")
        assert done.code == 0, done.stderr + done.stdout
        until(lambda: {"explore", "review"} <= set(known.said), 60, lambda: f"said {known.said}")
    exchanges = _recorded(stage, tmp_path)
    prompts = ["hello there", "hello after clear"] if typed else ["spawn please"]
    _judge_requests(exchanges, known)
    _judge_titles(exchanges, stage, known, prompts)
    _judge_tree(exchanges, stage)
    _judge_waste(exchanges, stage)
    _judge_trace(exchanges, stage, before, typed)
    _judge_import(stage, user)


def _user(folder: Path, stage: Stage, client: Path) -> Claude:
    user = Claude(folder, stage.provider.url, stage.proxy)
    user.environment["CLAUDE_LENS_CLAUDE"] = str(client)
    agents = user.cwd / ".claude" / "agents"
    agents.mkdir(parents=True)
    front = "name: reviewer\ndescription: Reviews code"
    (agents / "reviewer.md").write_text(f"---\n{front}\n---\n\n{OWN_BODY}\n")
    acquaint(user)
    return user


def _type(user: Claude, stage: Stage, known: Known) -> None:
    with Terminal(COMMAND, user.environment, user.cwd) as terminal:
        typist = Typist(terminal, stage.provider)
        typist.begin()
        typist.tell("hello there", "answered: hello there")
        typist.tell("spawn please", "answered: spawn please")
        terminal.wait(lambda: {"explore", "review"} <= set(known.said))
        typist.settle()
        typist.tell("run bash now", "answered: run bash now")
        typist.tell("/compact", "Compacted")
        typist.tell("hello again", "answered: hello again")
        typist.tell("/clear", "/clear")
        typist.tell("hello after clear", "answered: hello after clear")
        typist.leave()


def _recorded(stage: Stage, folder: Path) -> list[Exchange]:
    """Everything that the client in this folder sent, in order."""
    stage.proxy.settled(60)
    with open_reader(f"sqlite:///{stage.proxy.home / 'lens.db'}") as reader:
        names = [one["id"] for one in reader.sessions(20) if str(folder) in str(one["project"])]
        with reader.connect() as connection:
            return restored(connection, sessions.c.session_id.in_(names))


def _judge_waste(exchanges: list[Exchange], stage: Stage) -> None:
    """A session in which nothing was wasted has no finding."""
    with open_reader(f"sqlite:///{stage.proxy.home / 'lens.db'}") as reader, reader.connect() as connection:
        for name in {one.identity.session_id for one in exchanges}:
            found = waste(connection, Filter(session=name))
            assert (found["sessions"], found["findings"]) == (1, [])


def _judge_import(stage: Stage, user: Claude) -> None:
    """All that the client remembers of the session was recorded, and is not added again."""
    folder = str(user.home / ".claude" / "projects")
    told = json.loads(stage.proxy.lensctl("import", "--folder", folder, "--json").stdout)
    assert told["read"] > 0
    assert (told["new"], told["pruned"], told["passed_by"]) == (0, 0, [])


def _judge_requests(exchanges: list[Exchange], known: Known) -> None:
    """Class, agent and model of each request are what the provider knows."""
    told = {one.request_id: one for one in exchanges if one.request_id in known.kinds}
    asked = [kind for kind in known.kinds.values() if kind != "reviewer"]
    assert len(told) >= len(asked)
    for request_id, kind in known.kinds.items():
        one = told.get(request_id)
        if one is None:
            continue
        agent = one.identity.agent
        wanted = kind if kind in ("main", "auxiliary", "compaction") else "subagent"
        assert one.identity.request_class == wanted, (kind, one.identity)
        assert agent.name == (kind if wanted == "subagent" else None), (kind, agent)
        assert (agent.id is not None) == (wanted == "subagent"), (kind, agent)
    reviews = [one for one in exchanges if one.identity.agent.name == "reviewer"]
    assert reviews, [one.identity.agent for one in exchanges]
    for one in reviews:
        assert (one.model.provider, one.model.rule) == ("openai", "SUBAGENT_MAPPINGS: reviewer")
        assert "gpt-4o" in str(one.model.routed)
        assert (one.identity.request_class, one.identity.agent.type) == ("subagent", "custom")


def _judge_titles(exchanges: list[Exchange], stage: Stage, known: Known, prompts: Iterable[str]) -> None:
    """A session is called as the client called it, else by its first prompt."""
    listed = json.loads(stage.proxy.lensctl("sessions", "--json", "--limit", "50").stdout)
    listed = listed["sessions"] if isinstance(listed, dict) else listed
    own = {one.identity.session_id for one in exchanges}
    titles = [one["title"] for one in listed if one["id"] in own]
    assert titles
    asked = " ".join(known.titled)
    for title in titles:
        assert title in ((TITLE,) if all(one in asked for one in prompts) else (TITLE, *prompts)), titles


def _judge_tree(exchanges: list[Exchange], stage: Stage) -> None:
    """Both agents stand below the main one, each under its name."""
    session = next(one.identity.session_id for one in exchanges if one.identity.agent.name == "reviewer")
    tree = json.loads(stage.proxy.lensctl("agents", str(session), "--json").stdout)
    (main,) = tree["agents"]
    assert main["id"] is None
    assert sorted(one["name"] for one in main["agents"]) == ["Explore", "reviewer"]
    spent = json.loads(
        stage.proxy.lensctl("stats", "--by", "agent", "--session", str(session), "--json").stdout
    )
    assert {group["key"] for group in spent["groups"]} == {"main", "Explore", "reviewer"}


def _judge_trace(exchanges: list[Exchange], stage: Stage, before: int, typed: bool) -> None:
    """The turn that spawned is one tree: turn, calls, both agents below it, the Bash of one of them."""

    def spans() -> list[Any]:
        return [span for post in stage.backend.posts[before:] for span in post.spans]

    def named(*names: str) -> bool:
        return set(names) <= {span.name for span in spans()}

    until(lambda: named("Explore", "reviewer", "Bash"), 90, lambda: str(sorted({s.name for s in spans()})))
    found = {span.span_id: span for span in spans()}
    agents = [span for span in found.values() if span.name in ("Explore", "reviewer")]
    assert len(agents) == 2
    (trace,) = {span.trace_id for span in agents}
    until(
        lambda: any(s.trace_id == trace and s.name.startswith("Turn ") for s in spans()),
        90,
        lambda: "no turn",
    )
    whole = {span.span_id: span for span in spans() if span.trace_id == trace}
    roots = [span for span in whole.values() if not span.parent_span_id]
    assert [root.name for root in roots] == ["Turn 2" if typed else "Turn 1"]
    for agent in agents:
        caller = whole[agent.parent_span_id]
        assert caller.name in ("Agent", "Task")
        assert whole[caller.parent_span_id] is roots[0] or caller.parent_span_id == roots[0].span_id
