"""Sessions of several agents, their exchanges in order of time, and the trees that they stand for."""

from __future__ import annotations

from dataclasses import replace

from claude_lens.exchange import Exchange
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import RunFacts, Tree
from tests.tracing.talk import MODEL, Talk, report, result, spawn, use
from tests.tracing.trees import Drawn

CHAT = f"chat {MODEL}"
LEAF: Drawn = (CHAT, [])


def play(tree: Tree, *exchanges: Exchange) -> list[Span]:
    """All arrive in order of time, then all end in the order given."""
    for exchange in sorted(exchanges, key=lambda exchange: exchange.started_at):
        tree.arrived(replace(exchange, status="running", response=None))
    return [span for exchange in exchanges for span in tree.ended(exchange)]


def parallel_tools() -> list[Exchange]:
    main = Talk().say("do it")
    first = main.ask(use("Bash", "t1", command="a"), use("Read", "t2", file_path="b"))
    main.say(result("t2", "contents"), result("t1", "no", is_error=True))
    return [first, main.ask("done", after=0.5, durations=[("Read", 35), ("Bash", 374)])]


def two_subagents(left: str = "look left", right: str = "look right") -> list[Exchange]:
    main = Talk().say("spawn two")
    first = main.ask(spawn("t1", left), spawn("t2", right))
    a, b = Talk("a1", at=main.now).say(left), Talk("b2", at=main.now + 0.01).say(right)
    inner = [a.ask(use("Bash", "t3", command="x")), b.ask(use("Bash", "t4", command="y"))]
    a.say(result("t3", "ok"))
    b.say(result("t4", "ok"))
    inner += [a.ask("left ok", after=0.2), b.ask("right ok", after=0.1)]
    main.say(report("t2", "b2", "right ok"), report("t1", "a1", "left ok"))
    return [first, *inner, main.ask("both", after=3, durations=[("Agent", 2100), ("Agent", 2300)])]


SUBAGENT: Drawn = ("Explore", [LEAF, ("Bash", []), LEAF])
TWO: list[Drawn] = [("Turn 1", [LEAF, ("Agent", [SUBAGENT]), ("Agent", [SUBAGENT]), LEAF])]


def nested() -> list[Exchange]:
    main = Talk().say("nest")
    out = [main.ask(spawn("t1", "outer work"))]
    outer = Talk("o1", at=main.now).say("outer work")
    out.append(outer.ask(spawn("t2", "deep work")))
    deep = Talk("d2", parent="o1", at=outer.now).say("deep work")
    out.append(deep.ask("deep ok"))
    outer.say(report("t2", "d2", "deep ok"))
    out.append(outer.ask("outer ok", after=2, durations=[("Agent", 1500)]))
    main.say(report("t1", "o1", "outer ok"))
    out.append(main.ask("all done", after=6, durations=[("Agent", 5000)]))
    return out


NESTED: list[Drawn] = [
    (
        "Turn 1",
        [LEAF, ("Agent", [("Explore", [LEAF, ("Agent", [("Explore", [LEAF])]), LEAF])]), LEAF],
    )
]


class Known:
    """A store that knows what it is told."""

    def __init__(self, *exchanges: Exchange, final: bool = False) -> None:
        self.exchanges, self.final = exchanges, final

    def facts(self, session: str, prompt_id: str, agent_id: str | None) -> RunFacts | None:
        mine = [one for one in self.exchanges if one.identity.agent.id == agent_id]
        if not mine:
            return None
        mine.sort(key=lambda one: one.started_at)
        final = self.final or any(one.stop_reason == "end_turn" for one in mine)
        return RunFacts(mine[0].started_at, mine[0].worker, mine[-1].id, final)

    def turn(self, session: str, prompt_id: str) -> int | None:
        return 7

    def others(self, session: str, prompt_id: str, known: frozenset[str]) -> list[Exchange]:
        return [one for one in self.exchanges if one.id not in known]
