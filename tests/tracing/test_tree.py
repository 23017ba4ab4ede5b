"""The tree of a prompt, whatever order its exchanges end in and wherever they are seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest

from claude_lens.exchange import Exchange
from claude_lens.tracing import tree as module
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree
from tests.tracing.sessions import CHAT, LEAF, NESTED, TWO, Known, nested, parallel_tools, play, two_subagents
from tests.tracing.talk import MODEL, Talk, failed, launched, report, result, spawn, text, use
from tests.tracing.trees import Drawn, drawn


def test_tools_in_parallel_with_the_clients_own_durations() -> None:
    spans = play(Tree(), *parallel_tools())
    assert drawn(spans) == [[("Turn 1", [LEAF, ("Read", []), ("Bash", []), LEAF])]]
    by_name = {span.name: span for span in spans}
    read, bash, root = by_name["Read"], by_name["Bash"], by_name["Turn 1"]
    assert (read.end_ns - read.start_ns) / 1e6 == pytest.approx(35, abs=0.01)
    assert (bash.end_ns - bash.start_ns) / 1e6 == pytest.approx(374, abs=0.01)
    assert read.start_ns == bash.start_ns
    second = max(spans, key=lambda span: span.start_ns if span.name == CHAT else 0)
    assert bash.end_ns == pytest.approx(second.start_ns, abs=2000)
    assert (bash.outcome, bash.message, read.outcome) == ("error", "no", "ok")
    assert (root.outcome, root.attributes["input.value"], root.attributes["output.value"]) == (
        "ok",
        "do it",
        "done",
    )
    assert root.end_ns == second.end_ns


def test_two_subagents_at_once_end_in_any_order() -> None:
    exchanges = two_subagents()
    for order in itertools.permutations(exchanges[1:5]):
        # Each agent's own exchanges stay in order: it cannot ask again before it was answered.
        if order.index(exchanges[1]) < order.index(exchanges[3]) and order.index(exchanges[2]) < order.index(
            exchanges[4]
        ):
            assert drawn(play(Tree(), exchanges[0], *order, exchanges[5])) == [TWO]


def test_identical_prompts_are_told_apart_by_the_agents_ids() -> None:
    exchanges = two_subagents("look", "look")
    tree = Tree()
    spans = play(tree, *exchanges)
    assert drawn(spans) == [TWO]
    tools = {s.attributes["gen_ai.tool.call.id"]: s.span_id for s in spans if s.name == "Agent"}
    agents = {s.attributes["gen_ai.agent.id"]: s.parent_id for s in spans if s.name == "Explore"}
    assert agents == {"a1": tools["t1"], "b2": tools["t2"]}


def test_nested() -> None:
    assert drawn(play(Tree(), *nested())) == [NESTED]


def test_the_agent_graph_names_each_ones_caller() -> None:
    spans = play(Tree(), *nested())
    shown = {
        (span.name, span.attributes["gen_ai.agent.id"]): span.attributes["graph.node.parent_id"]
        for span in spans
        if span.name == "Explore"
    }
    assert shown == {("Explore", "o1"): "main:Agent", ("Explore", "d2"): "agent:Explore:Agent"}
    nodes = {span.attributes["graph.node.id"] for span in spans}
    assert {span.attributes.get("graph.node.parent_id") for span in spans} <= {*nodes, None}


def test_an_answer_that_ends_after_its_subagent_began() -> None:
    exchanges = nested()
    spans = play(Tree(), exchanges[2], exchanges[1], exchanges[0], *exchanges[3:])
    assert drawn(spans) == [NESTED]


def test_background_agents_outlive_their_turn() -> None:
    main = Talk().say("start")
    first = main.ask(spawn("t1", "look left"))
    main.say(launched("t1", "a1"))
    second = main.ask("waiting", durations=[("Agent", 10)])
    child = Talk("a1", at=main.now).say("look left")
    third = child.ask("left ok", took=30)
    main.prompt = "prompt-2"
    note = (
        "<system-reminder>\n<task-notification>\n<task-id>a1</task-id>\n<tool-use-id>t1</tool-use-id>\n"
        "<summary>Agent looked left</summary></task-notification>\n</system-reminder>"
    )
    main.now = child.now
    fourth = main.say(note).ask("noted", after=1)
    spans = play(Tree(), first, second, third, fourth)
    assert drawn(spans) == [
        [("Turn 1", [LEAF, ("Agent", [("Explore", [LEAF])]), LEAF])],
        [("Turn 2", [LEAF])],
    ]
    second_root = next(span for span in spans if span.name == "Turn 2")
    assert second_root.attributes["input.value"] == "Agent looked left"


def test_two_workers_that_share_nothing_build_one_tree() -> None:
    for exchanges, expected in ((two_subagents(), TWO), (nested(), NESTED), (parallel_tools(), None)):
        for split in range(2 ** len(exchanges)):
            workers = [Tree(), Tree()]
            spans: dict[int, Span] = {}
            for index, exchange in enumerate(exchanges):
                for span in play(workers[split >> index & 1], exchange):
                    spans.setdefault(span.span_id, span)
            for tree in workers:
                for span in tree.close():
                    spans.setdefault(span.span_id, span)
            found = drawn(spans.values())
            assert len(found) == 1
            names = sorted(name for name, _ in _flat(found[0]))
            assert names == sorted(name for name, _ in _flat(expected or drawn(play(Tree(), *exchanges))[0]))


def _flat(trees: Iterable[Drawn]) -> list[Drawn]:
    return [part for tree in trees for part in (tree, *_flat(tree[1]))]


def test_a_refused_prompt_gets_its_root_when_nobody_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    main = Talk().say("fail")
    exchanges = [failed(main.ask("x")), failed(main.ask("x", after=1))]
    tree = Tree()
    spans = play(tree, *exchanges)
    assert [span.name for span in spans] == [CHAT, CHAT]
    assert tree.tick(exchanges[1].started_at + module.IDLE_AFTER_FAILURE / 2) == []
    spans += tree.tick(exchanges[1].started_at + module.IDLE_AFTER_FAILURE + 2)
    assert drawn(spans) == [[("Turn 1", [LEAF, LEAF])]]
    root = spans[-1]
    assert (root.outcome, root.message) == ("error", "HTTP 529: overloaded_error: Overloaded")
    assert tree.open == 0


def test_a_retry_sends_no_tool_twice() -> None:
    main = Talk().say("go")
    first = main.ask(use("Bash", "t1", command="a"))
    main.say(result("t1", "ok"))
    refused = failed(main.ask("x", durations=[("Bash", 5)]))
    again = main.ask("done", after=1, durations=[("Bash", 5)])
    assert drawn(play(Tree(), first, refused, again)) == [[("Turn 1", [LEAF, ("Bash", []), LEAF, LEAF])]]


def test_a_turn_broken_off_at_a_tool_is_completed_by_the_next_prompt() -> None:
    main = Talk().say("go")
    first = main.ask(use("Bash", "t1", command="a"))
    main.say(result("t1", "[Request interrupted by user for tool use]", is_error=True))
    main.prompt = "prompt-2"
    second = main.say("[Request interrupted by user for tool use]").say("something else").ask("yes", after=9)
    spans = play(Tree(), first, second)
    assert drawn(spans) == [[("Turn 1", [LEAF, ("Bash", [])])], [("Turn 2", [LEAF])]]
    assert next(span for span in spans if span.name == "Turn 1").outcome == "unset"


def test_results_of_a_turn_that_nobody_here_saw_start_no_span_in_the_next() -> None:
    main = Talk().say("go")
    main.ask(use("Bash", "t1", command="a"))
    main.say(result("t1", "[Request interrupted by user for tool use]", is_error=True))
    main.prompt = "prompt-2"
    assert drawn(play(Tree(), main.say("something else").ask("yes"))) == [[("Turn 2", [LEAF])]]


def test_the_root_waits_for_every_call_of_its_run() -> None:
    main = Talk().say("go")
    slow = replace(main.ask("slow", took=9), id="f" * 32)
    other = Talk(at=main.now - 8).say("go").ask("quick")
    tree = Tree()
    for exchange in (slow, other):
        tree.arrived(replace(exchange, status="running", response=None))
    assert [span.name for span in tree.ended(other)] == [CHAT]
    root = tree.ended(slow)[-1]
    assert root.name == "Turn 1"
    assert root.end_ns == pytest.approx((slow.started_at + 9) * 1e9, abs=2000)


def test_closing_completes_a_cancelled_subagent() -> None:
    main = Talk().say("go")
    first = main.ask(spawn("t1", "look"))
    child = Talk("a1", at=main.now).say("look")
    cut = failed(child.ask("x"), "cancelled", None)
    tree = Tree()
    spans = play(tree, first, cut) + tree.close()
    assert drawn(spans) == [[("Turn 1", [LEAF, ("Agent", [("Explore", [LEAF])])])]]
    agent = next(span for span in spans if span.name == "Explore")
    assert (agent.outcome, agent.message) == ("error", "cancelled: the client closed the connection")


def test_a_report_ends_a_subagent_that_gave_no_last_answer() -> None:
    main = Talk().say("go")
    first = main.ask(spawn("t1", "look"))
    child = Talk("a1", at=main.now).say("look")
    stopped = child.ask(use("Bash", "t2", command="x"))
    main.say(report("t1", "a1", "out of turns"))
    last = main.ask("ok", after=5, durations=[("Agent", 3000)])
    tree = Tree()
    spans = play(tree, first, stopped, last)
    agent = next(span for span in spans if span.name == "Explore")
    assert agent.outcome == "ok"
    assert "out of turns" in str(agent.attributes["output.value"])
    assert tree.open == 0


def test_a_subagent_without_a_known_caller_hangs_under_the_root_in_the_end() -> None:
    child = Talk("a1").say("look")
    main = Talk().say("go")
    tree = Tree()
    spans = play(tree, main.ask("done"), child.ask("seen"))
    assert [span.name for span in spans] == [CHAT, "Turn 1", CHAT]
    assert tree.tick(child.now + 1) == []
    assert drawn(spans + tree.tick(child.now + module.HOLD_UNKNOWN + 1)) == [
        [("Turn 1", [LEAF, ("Explore", [LEAF])])]
    ]


def test_titles_and_compactions_are_traces_of_their_own() -> None:
    main = Talk().say("go")
    title = main.ask("A title")
    title = replace(title, identity=replace(title.identity, request_class="auxiliary"))
    summary = Talk().say("go").ask("summary")
    summary = replace(summary, identity=replace(summary.identity, request_class="compaction"))
    spans = play(Tree(), title, summary)
    assert sorted(drawn(spans)) == [[(f"auxiliary {MODEL}", [])], [(f"compaction {MODEL}", [])]]


def test_a_client_with_spans_of_its_own_gets_one_child() -> None:
    first, second = parallel_tools()
    sent = f"00-{'ab' * 16}-{'cd' * 8}-01"
    spans = play(
        Tree(),
        *(replace(one, identity=replace(one.identity, traceparent=sent)) for one in (first, second)),
    )
    assert [(span.name, span.trace_id, span.parent_id) for span in spans] == [
        (CHAT, int("ab" * 16, 16), int("cd" * 8, 16))
    ] * 2


def test_token_counts_are_no_inference() -> None:
    counted = replace(Talk().say("x").ask("y"), endpoint="/v1/messages/count_tokens")
    assert play(Tree(), counted) == []


def test_clients_without_hints_get_the_same_tree() -> None:
    def bare(exchange: Exchange) -> Exchange:
        who = replace(exchange.identity, prompt_id=None, request_class=None, tool_durations_ms=())
        agent = replace(who.agent, evidence="headers" if who.agent.id else "default")
        return replace(exchange, identity=replace(who, agent=agent))

    assert drawn(play(Tree(), *map(bare, two_subagents()))) == [TWO]
    assert drawn(play(Tree(), *map(bare, nested()))) == [NESTED]


def test_the_same_exchange_again_changes_nothing() -> None:
    exchanges = two_subagents()
    tree = Tree()
    spans = play(tree, *exchanges)
    again = [span for exchange in exchanges for span in tree.ended(exchange)]
    ids = {span.span_id for span in spans}
    assert {span.span_id for span in again} <= ids
    assert {span.name for span in again} == {CHAT}


def test_ids_depend_on_session_and_salt_only() -> None:
    def ids(tree: Tree) -> set[int]:
        return {span.span_id for span in play(tree, *exchanges)}

    exchanges = two_subagents()
    assert ids(Tree()) == ids(Tree())
    assert ids(Tree()).isdisjoint(ids(Tree(salt="other")))


def test_the_store_tells_what_another_worker_saw() -> None:
    exchanges = nested()
    here = [replace(one, worker="w2") for one in exchanges if one.identity.agent.id == "d2"]
    tree = Tree(lookup=Known(*exchanges))
    spans = play(tree, *here)
    assert [span.name for span in spans] == [CHAT]
    spans = tree.tick(exchanges[-1].started_at)
    at_close = Tree(lookup=Known(*exchanges))
    play(at_close, *here)
    assert at_close.close() == spans
    whole = {span.span_id: span.parent_id for span in play(Tree(), *exchanges)}
    assert [(span.name, span.parent_id) for span in spans] == [("Explore", whole[spans[0].span_id])]


def test_a_turn_that_another_worker_finished_is_left_to_it() -> None:
    first, second = parallel_tools()
    tree = Tree(lookup=Known(first, second, final=True))
    play(tree, first)
    assert tree.close() == []
    other = Tree(lookup=Known(first, second, final=True))
    root = play(other, replace(second, worker="w2"))[-1]
    assert root.start_ns == pytest.approx(first.started_at * 1e9, abs=1000)


def test_turns_are_counted_on_after_a_compaction() -> None:
    main = Talk().say("This session is being continued from a previous conversation that ran out")
    exchange = main.say("go on").ask("yes")
    assert play(Tree(lookup=Known(exchange)), exchange)[-1].name == "Turn 7"
    assert play(Tree(), exchange)[-1].name == "Turn 2"


def test_turns_are_counted_on_after_a_compaction_without_a_store() -> None:
    tree, talk = Tree(), Talk()
    names = []
    for number in range(3):
        talk.prompt = f"p{number}"
        names.append(play(tree, talk.say("go").ask("ok", after=1))[-1].name)
    fresh = Talk(prompt="p3", at=talk.now)
    fresh.say("This session is being continued from a previous conversation that ran out").say("on")
    names.append(play(tree, fresh.ask("ok", after=1))[-1].name)
    assert names == ["Turn 1", "Turn 2", "Turn 3", "Turn 4"]


def test_open_runs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_RUNS", 10)
    tree = Tree()
    for number in range(50):
        play(tree, Talk(session=f"s{number}").say("go").ask(use("Bash", f"t{number}", command="x")))
    assert tree.open == 10
    for number in range(50):
        play(tree, Talk(f"a{number}", session=f"s{number}").say("lost").ask("done"))
    assert tree.open <= 20


def test_another_clients_call_stands_alone() -> None:
    lone = Talk(session=None).say("hi").ask("hello")
    assert drawn(play(Tree(), lone)) == [[LEAF]]
    odd = replace(lone, request=replace(lone.request, json={"messages": "?", "system": 5, "tools": [1]}))
    assert drawn(play(Tree(), odd)) == [[LEAF]]
    assert text("x")["type"] == "text"
