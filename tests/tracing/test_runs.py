"""The AGENT span of a run: every attribute, for the main agent and for a subagent."""

from __future__ import annotations

import json

from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node
from claude_lens.tracing.runs import Run, run_span
from tests.tracing.talk import PROMPT, SESSION, START, Talk, failed, use

NODE = Node(trace_id=1, span_id=2, parent_id=None, agent="main", graph="main")


def a_run(agent: str = "", prompt: str = "do it") -> Run:
    return Run(
        key=(SESSION, PROMPT, agent, 0), started=START, prompt=prompt, turn=3, saw_start=True, running=1
    )


def test_every_attribute_of_a_turn() -> None:
    run = a_run()
    run.update(Talk().say("do it").ask("done"))
    assert run.is_main
    assert run.is_final
    span = run_span(run, NODE, Collector())
    assert (span.name, span.parent_id, span.outcome, span.message) == ("Turn 3", None, "ok", None)
    assert (span.start_ns, span.end_ns) == (int(START) * 10**9, int(START + 1) * 10**9)
    left = dict(span.attributes)
    assert left.pop(names.KIND) == "AGENT"
    assert (left.pop(names.INPUT_VALUE), left.pop(names.INPUT_MIME)) == ("do it", "text/plain")
    assert (left.pop(names.OUTPUT_VALUE), left.pop(names.OUTPUT_MIME)) == ("done", "text/plain")
    assert left.pop(names.GEN_AI_OPERATION) == "invoke_agent"
    assert left.pop(names.SESSION_ID) == left.pop(names.GEN_AI_CONVERSATION) == SESSION
    assert left.pop(names.USER_ID) == "user-1"
    assert left.pop(names.AGENT_NAME) == left.pop(names.GEN_AI_AGENT_NAME) == "main"
    assert left.pop(names.NODE_ID) == "main"
    assert left.pop(names.TAGS) == ("project:shop", "branch:trunk", "agent:main")
    assert json.loads(str(left.pop(names.METADATA))) == {
        "prompt_id": PROMPT,
        "project": "/home/me/shop",
        "branch": "trunk",
        "client": "claude-cli/2.1.329",
        "agent_evidence": "headers",
    }
    assert left == {}


def test_every_attribute_of_a_subagents_run() -> None:
    run = a_run("a1", "look")
    run.update(Talk("a1").say("look").ask("seen"))
    node = Node(
        trace_id=1, span_id=2, parent_id=9, agent="Explore", graph="agent:Explore", graph_parent="main:Agent"
    )
    span = run_span(run, node, Collector())
    assert (span.name, span.parent_id) == ("Explore", 9)
    left = dict(span.attributes)
    assert left.pop(names.GEN_AI_AGENT_ID) == "a1"
    assert left.pop(names.AGENT_NAME) == left.pop(names.GEN_AI_AGENT_NAME) == "Explore"
    assert (left.pop(names.NODE_ID), left.pop(names.NODE_PARENT)) == ("agent:Explore", "main:Agent")
    assert json.loads(str(left.pop(names.METADATA)))["agent_type"] == "Explore"
    assert set(left) == {
        names.KIND, names.INPUT_VALUE, names.INPUT_MIME, names.OUTPUT_VALUE, names.OUTPUT_MIME, names.TAGS,
        names.GEN_AI_OPERATION, names.SESSION_ID, names.GEN_AI_CONVERSATION, names.USER_ID,
    }  # fmt: skip


def test_how_a_run_stands() -> None:
    talk = Talk().say("do it")
    run = a_run()
    first = talk.ask(use("Bash", "t1", command="x"))
    run.update(first)
    assert (run.waits_for_tools, run.is_final) == (True, False)
    assert run_span(run, NODE, Collector()).outcome == "unset"
    run.update(failed(talk.ask("x")))
    assert (run.waits_for_tools, run.is_final) == (False, False)
    span = run_span(run, NODE, Collector())
    assert (span.outcome, span.attributes[names.ERROR_TYPE]) == ("error", "overloaded_error")
    # One that began earlier and ends late changes the end, not the answer.
    run.update(first)
    assert run.last is not None
    assert run.last.status == "error"


def test_bodies_are_not_kept() -> None:
    run = a_run()
    run.update(Talk().say("x" * 100_000).ask("y" * 100_000))
    assert run.last is not None
    assert run.last.request.json is None
    assert len(str(run.last)) < 40_000
