"""Any forest of subagents, ending in any order, over any number of workers: each hangs under its call."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_lens.exchange import Exchange
from claude_lens.tracing.places import Ids
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree
from tests.tracing.sessions import Known
from tests.tracing.talk import SESSION, Talk, report, spawn
from tests.tracing.trees import drawn

# Few words, so that prompts are often the same.
PROMPTS = ("look", "listen")


class Forest:
    """A session of random agents. ``calls`` maps each agent to the tool call that started it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = itertools.count(1)
        self.calls: dict[str, str] = {}
        self.exchanges = self._agent(Talk().say("go"), depth=0)

    def _agent(self, talk: Talk, depth: int) -> list[Exchange]:
        rounds = []
        for _ in range(self.random.choice((0, 1, 1, 2)) if depth < 3 else 0):
            calls = {
                f"t{next(self.numbers)}": self.random.choice(PROMPTS)
                for _ in range(self.random.randint(1, 3))
            }
            rounds.append(talk.ask(*(spawn(call, prompt) for call, prompt in calls.items())))
            below, reports = [], []
            for call, prompt in calls.items():
                agent = f"a{next(self.numbers)}"
                self.calls[agent] = call
                child = Talk(agent, parent=talk.agent, at=talk.now + 0.01).say(prompt)
                below.append(self._agent(child, depth + 1))
                reports.append(report(call, agent, "done"))
                talk.now = max(talk.now, child.now)
            self.random.shuffle(reports)
            rounds += self._merged(below)
            talk.say(*reports)
        return [*rounds, talk.ask("done", after=0.5)]

    def _merged(self, lists: list[list[Exchange]]) -> list[Exchange]:
        """One list in which each keeps its own order."""
        waiting = [list(reversed(one)) for one in lists]
        merged = []
        while waiting := [one for one in waiting if one]:
            merged.append(self.random.choice(waiting).pop())
        return merged


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_every_subagent_hangs_under_the_call_that_started_it(seed: int, workers: int) -> None:
    forest = Forest(seed)
    split = [replace(one, worker=f"w{forest.random.randrange(workers)}") for one in forest.exchanges]
    trees = {f"w{number}": Tree(lookup=Known(*split) if workers > 1 else None) for number in range(workers)}
    spans: list[Span] = []
    for one in split:
        trees[one.worker].arrived(replace(one, status="running", response=None))
        spans += trees[one.worker].ended(one)
    now = max(one.started_at for one in split) + 5
    for tree in trees.values():
        spans += tree.tick(now)
    for tree in trees.values():
        spans += tree.close()
    found = {
        str(span.attributes["gen_ai.agent.id"]): span.parent_id for span in spans if span.name == "Explore"
    }
    ids = Ids()
    assert found == {agent: ids.tool(SESSION, call) for agent, call in forest.calls.items()}
    assert len(drawn(spans)) == 1
    kinds = Counter(str(span.attributes["openinference.span.kind"]) for span in spans)
    agents = len(forest.calls)
    assert kinds == Counter({"LLM": len(split), "AGENT": agents + 1, "TOOL": agents})
