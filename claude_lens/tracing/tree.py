"""Exchanges in, spans out: the tree of each prompt, however its exchanges are spread over time and workers.

LLM and TOOL spans leave as soon as their exchange ends. An AGENT span leaves once: when its run is over and,
for a subagent, when the call that started it is proven (or one of the ``HOLD_…`` times has passed).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from claude_lens.exchange import Exchange
from claude_lens.messages import blocks, calls, spawns, written
from claude_lens.messages.blocks import Json
from claude_lens.tracing import llm, places, tools
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node, agent_title
from claude_lens.tracing.joined import parent_of
from claude_lens.tracing.places import Ids
from claude_lens.tracing.runs import Key, Run, run_span
from claude_lens.tracing.spans import Span
from claude_lens.tracing.spawns import LONGEST_PROMPT, SpawnBook, Trust

HOLD_UNPROVEN = 5.0
HOLD_UNKNOWN = 60.0
HOLD_AMBIGUOUS = 3600.0
IDLE_AFTER_FAILURE = 300.0
IDLE_AFTER_TOOL_CALL = 24 * 3600.0
OPEN_RUNS = 4_096
EMITTED = 65_536
ASK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a store knows of a run over all workers. ``is_final``: some worker saw its last answer."""

    started: float
    first_worker: str
    last_exchange_id: str
    is_final: bool


class Lookup(Protocol):
    """The store, asked where a worker alone cannot know."""

    def facts(self, session: str, prompt_id: str, agent_id: str | None) -> RunFacts | None:
        """A run over all workers; None where the store does not know it."""

    def turn(self, session: str, prompt_id: str) -> int | None:
        """Which prompt of its session it is, from 1."""

    def others(self, session: str, prompt_id: str, known: frozenset[str]) -> list[Exchange]:
        """Ended exchanges of a prompt that call or report subagents, without those of ``known`` ids."""


class Tree:
    """Builds spans. Not thread-safe. Times are seconds since the epoch, given by the caller."""

    def __init__(
        self,
        *,
        collector: Callable[[], Collector] = Collector,
        lookup: Lookup | None = None,
        salt: str = "",
        with_schemas: bool = False,
    ) -> None:
        self._collector = collector
        self._lookup = lookup
        self._ids = Ids(salt)
        self._with_schemas = with_schemas
        self._runs: OrderedDict[Key, Run] = OrderedDict()
        self._held: dict[Key, Run] = {}
        self._emitted: OrderedDict[int, None] = OrderedDict()
        self._book = SpawnBook()

    @property
    def open(self) -> int:
        """How many runs go on or wait for proof of their parent."""
        return len(self._runs) + len(self._held)

    @property
    def oldest(self) -> float | None:
        """When the earliest of them began; None where none is open."""
        return min((run.started for run in (*self._runs.values(), *self._held.values())), default=None)

    def arrived(self, exchange: Exchange) -> None:
        """A request has arrived: its run is going on."""
        if places.standing(exchange) in ("main", "subagent"):
            run = self._run(exchange)
            run.running += 1
            run.touched = max(run.touched, exchange.started_at)

    def ended(self, exchange: Exchange) -> list[Span]:
        """The spans that an ended exchange completes."""
        standing = places.standing(exchange)
        if standing == "untraced":
            return []
        if standing in ("child", "alone"):
            return [self._lone(exchange)]
        run = self._run(exchange)
        is_new, previous_end = run.last is None, run.ended or None
        run.update(exchange)
        spans = self._tools(exchange, run, previous_end, is_new)
        self._book.absorb(exchange, run.key)
        if not run.is_main:
            self._book.session(run.key[0]).titles[run.key[2]] = agent_title(
                exchange.identity.agent, subagent=True
            )
        node = self._node(run, self._ids.llm(exchange.id), self._ids.run(run.key), leaf="llm")
        spans.append(llm.llm_span(exchange, node, self._collector(), with_schemas=self._with_schemas))
        spans += self._reported(exchange, run.key)
        if run.is_main:
            spans += self._close_earlier(run)
        if run.is_final and not run.running:
            spans += self._finish(run)
        for held in [held for held in self._held.values() if held.key[0] == run.key[0]]:
            spans += self._place(held)
        while len(self._runs) > OPEN_RUNS:
            oldest = next(iter(self._runs.values()))
            spans += self._give_up(oldest, oldest.ended)
        while len(self._held) > OPEN_RUNS:
            spans += self._place(next(iter(self._held.values())), "guess")
        return spans

    def tick(self, now: float) -> list[Span]:
        """What time alone completes: runs that nobody goes on with, subagents whose parent stays unknown."""
        spans = []
        for run in list(self._runs.values()):
            limit = IDLE_AFTER_TOOL_CALL if run.waits_for_tools else IDLE_AFTER_FAILURE
            if run.last is not None and not run.running and now - run.touched > limit:
                spans += self._give_up(run, run.ended)
        for run in list(self._held.values()):
            if now - run.asked_at >= ASK_EVERY:
                run.asked_at = now
                self._ask(run)
            spans += self._place(run, self._trust(run, now - run.done_at))
        return spans

    def _trust(self, run: Run, waited: float) -> Trust:
        """What to believe of a finished subagent's start after so many seconds."""
        if waited > (HOLD_AMBIGUOUS if self._book.candidates(run) else HOLD_UNKNOWN):
            return "guess"
        return "match" if waited > HOLD_UNPROVEN else "proof"

    def close(self) -> list[Span]:
        """Everything that is still open, as far as it is known."""
        spans = []
        for run in sorted(self._runs.values(), key=lambda run: run.started):
            if run.last is not None:
                spans += self._give_up(run, run.ended)
        for run in self._held.values():
            self._ask(run)
        levels: tuple[Trust, ...] = ("proof", "match", "guess")
        for trust in levels:
            for run in list(self._held.values()):
                spans += self._place(run, trust)
        self._runs.clear()
        return spans

    def _key(self, exchange: Exchange, conversation: list[Json]) -> Key:
        session = exchange.identity.session_id or ""
        if places.standing(exchange) != "subagent":
            return (session, places.prompt_key(exchange, conversation), "", 0)
        agent = places.agent_key(exchange, conversation)
        words = "\n".join(spawns.given_prompts(conversation))
        prompt = exchange.identity.prompt_id or self._book.prompt_for(session, agent, words)
        return (session, prompt, agent, calls.finished(conversation))

    def _run(self, exchange: Exchange) -> Run:
        conversation = blocks.messages(exchange.request.json)
        key = self._key(exchange, conversation)
        run = self._runs.get(key)
        if run is None:
            told = written.beginnings(conversation)
            compacted = written.is_compacted(conversation)
            # A summary stands for one prompt at least.
            turn = max(len(told), 1) + compacted
            if not key[2]:
                turn = self._book.turn(key[0], key[1], turn, compacted=compacted)
            run = self._runs[key] = Run(
                key=key,
                started=exchange.started_at,
                prompt=told[-1][:LONGEST_PROMPT] if told else None,
                turn=turn,
                saw_start=any(map(written.beginning, blocks.new_messages(conversation))),
                compacted=compacted,
            )
        if run.is_main:
            self._book.session(key[0]).latest_prompt = key[1]
        run.started = min(run.started, exchange.started_at)
        return run

    def _lone(self, exchange: Exchange) -> Span:
        parent = parent_of(exchange)
        trace, parent_id = parent or (self._ids.lone_trace(exchange.id), None)
        agent = agent_title(exchange.identity.agent, subagent=exchange.identity.agent.id is not None)
        node = Node(
            trace_id=trace,
            span_id=self._ids.llm(exchange.id),
            parent_id=parent_id,
            agent=exchange.identity.request_class or agent if parent is None else agent,
            graph=exchange.identity.request_class or agent,
        )
        return llm.llm_span(exchange, node, self._collector(), with_schemas=self._with_schemas)

    def _node(
        self,
        run: Run,
        span_id: int,
        parent_id: int | None,
        *,
        leaf: str | None = None,
        above: str | None = None,
    ) -> Node:
        """A place in the run's trace: the run's own under the graph node ``above``, or a ``leaf`` of it."""
        assert run.last is not None
        agent = agent_title(run.last.identity.agent, subagent=not run.is_main)
        graph = agent if run.is_main else f"agent:{agent}"
        return Node(
            trace_id=self._ids.trace(run.key[0], run.key[1]),
            span_id=span_id,
            parent_id=parent_id,
            agent=agent,
            graph=f"{graph}:{leaf}" if leaf else graph,
            graph_parent=graph if leaf else above,
        )

    def _tools(self, exchange: Exchange, run: Run, earliest: float | None, is_new: bool) -> list[Span]:
        spans = []
        session = self._book.session(run.key[0])
        for one in tools.ran(exchange, earliest=earliest):
            owner = session.owners.get(one.use.id)
            if owner is None and is_new and run.is_main and run.saw_start:
                # The results of a turn that was broken off, which this process never saw.
                continue
            spans += self._tool(exchange, run, one, owner or run.key)
        for one in tools.ran_by_server(exchange):
            spans += self._tool(exchange, run, one, run.key)
        return spans

    def _tool(self, exchange: Exchange, run: Run, one: tools.Ran, owner: Key) -> list[Span]:
        span_id = self._ids.tool(owner[0], one.use.id)
        if not self._first_time(span_id):
            return []
        place = self._node(run, span_id, self._ids.run(owner))
        node = Node(
            trace_id=self._ids.trace(owner[0], owner[1]),
            span_id=span_id,
            parent_id=place.parent_id,
            agent=place.agent,
            graph=place.graph,
        )
        return [tools.tool_span(exchange, one, node, self._collector())]

    def _first_time(self, span_id: int) -> bool:
        if span_id in self._emitted:
            return False
        self._emitted[span_id] = None
        while len(self._emitted) > EMITTED:
            self._emitted.popitem(last=False)
        return True

    def _close_earlier(self, run: Run) -> list[Span]:
        """A new prompt means that the session's earlier one is over, finished or not."""
        return [
            span
            for other in list(self._runs.values())
            if other.is_main
            and other.key[0] == run.key[0]
            and other.key != run.key
            and other.last is not None
            and not other.running
            and other.started < run.started
            for span in self._give_up(other, max(other.ended, run.started))
        ]

    def _reported(self, exchange: Exchange, key: Key) -> list[Span]:
        """A subagent whose report its caller has got is over, however its last request ended."""
        conversation = blocks.messages(exchange.request.json)
        spawning = spawns.spawning_ids([blocks.last_answer(conversation)])
        if not spawning:
            return []
        spans = []
        for told in spawns.agents_told(blocks.new_messages(conversation), spawning):
            # An older client names its agent here only: its own requests go by the call that started it.
            mine = {(key[0], key[1], told.agent_id), (key[0], key[1], told.call_id)}
            for run in list(self._runs.values()) if told.report is not None else ():
                if run.key[:3] in mine and run.last is not None and not run.running:
                    facts = self._facts(run)
                    if facts is not None and facts.is_final and not run.is_final:
                        self._runs.pop(run.key)
                        continue
                    run.report = told.report
                    spans += self._finish(run)
        return spans

    def _finish(self, run: Run) -> list[Span]:
        """A run is over: the main agent's span leaves, a subagent's as soon as its place is known."""
        self._runs.pop(run.key, None)
        run.done_at = run.ended
        if not run.is_main:
            self._held[run.key] = run
            return self._place(run)
        if not self._first_time(self._ids.run(run.key)):
            return []
        self._know_more(run)
        return [run_span(run, self._node(run, self._ids.run(run.key), None), self._collector())]

    def _give_up(self, run: Run, now: float) -> list[Span]:
        """A run that will not go on here: complete what is known, unless another worker does."""
        assert run.last is not None
        self._runs.pop(run.key, None)
        facts = self._facts(run)
        if facts is not None and (
            (facts.is_final and not run.is_final) or facts.first_worker != run.last.worker
        ):
            return []
        spans = []
        if run.waits_for_tools and (facts is None or facts.last_exchange_id == run.last.id):
            for one in tools.unfinished(run.answer, run.ended, now):
                spans += self._tool(run.last, run, one, run.key)
        return spans + self._finish(run)

    def _facts(self, run: Run) -> RunFacts | None:
        assert run.last is not None
        who = run.last.identity
        if self._lookup is None or who.prompt_id is None or run.key[3]:
            return None
        return self._lookup.facts(run.key[0], who.prompt_id, who.agent.id)

    def _know_more(self, run: Run) -> None:
        """What other workers saw of the run: its start, and how many prompts came before a compaction."""
        facts = self._facts(run)
        if facts is None:
            return
        run.started = min(run.started, facts.started)
        if run.is_main and run.compacted and self._lookup is not None:
            run.turn = self._lookup.turn(run.key[0], run.key[1]) or run.turn

    def _ask(self, run: Run) -> None:
        """Learn from the store what other workers saw of the calls that start subagents."""
        assert run.last is not None
        prompt_id = run.last.identity.prompt_id
        if self._lookup is None or prompt_id is None:
            return
        known = frozenset(self._book.session(run.key[0]).seen)
        for exchange in self._lookup.others(run.key[0], prompt_id, known):
            if places.standing(exchange) in ("main", "subagent"):
                key = self._key(exchange, blocks.messages(exchange.request.json))
                self._book.absorb(exchange, key)

    def _place(self, run: Run, trust: Trust = "proof") -> list[Span]:
        """A finished subagent's span, once the call that started it is known well enough."""
        call = self._book.spawned_by(run, trust)
        if call is None and trust != "guess":
            return []
        self._held.pop(run.key, None)
        span_id = self._ids.run(run.key)
        if not self._first_time(span_id):
            return []
        session, prompt, _, _ = run.key
        caller = self._book.caller(run, call)
        parent = self._ids.tool(session, call) if call else self._ids.run((session, prompt, caller, 0))
        self._know_more(run)
        node = self._node(run, span_id, parent, above=self._book.graph_node(session, caller))
        return [run_span(run, node, self._collector())]
