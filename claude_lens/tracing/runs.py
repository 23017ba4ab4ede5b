"""A run: what one agent does for one prompt, from its first request to its last answer. One AGENT span."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from claude_lens.exchange import Exchange, Request, Response
from claude_lens.messages.blocks import CALLED, answer_text
from claude_lens.messages.calls import client_calls
from claude_lens.tracing import names
from claude_lens.tracing.bounds import VALUE_BYTES, Collector
from claude_lens.tracing.fitting import trimmed
from claude_lens.tracing.identity import Node, common, metadata
from claude_lens.tracing.llm import error_type, outcome_of
from claude_lens.tracing.spans import Outcome, Span, nanoseconds

KEPT_TEXT = 4 * VALUE_BYTES

Key = tuple[str, str, str, int]
"""Session, prompt, agent (empty for the main one), how often that agent had already finished."""


@dataclass(slots=True)
class Run:
    """What is known of a run that goes on. ``last`` is its newest ended exchange; times in seconds."""

    key: Key
    started: float
    prompt: str | None
    turn: int
    saw_start: bool
    running: int = 0
    ended: float = 0.0
    touched: float = 0.0
    last: Exchange | None = None
    report: str | None = None
    done_at: float = 0.0
    asked_at: float = 0.0
    compacted: bool = False

    @property
    def is_main(self) -> bool:
        """Whether it is the agent that the human talks to."""
        return not self.key[2]

    @property
    def answer(self) -> Any:
        """The newest answer's message, if any."""
        return self.last.response.json if self.last and self.last.response else None

    @property
    def waits_for_tools(self) -> bool:
        """Whether the newest answer called tools."""
        return bool(self.last and self.last.status == "ok" and client_calls(self.answer))

    @property
    def is_final(self) -> bool:
        """Whether the newest answer ends the run: it is whole, and calls no tool."""
        return bool(
            self.last
            and self.last.status == "ok"
            and self.last.stop_reason not in (None, CALLED, "pause_turn")
            and not client_calls(self.answer)
        )

    def update(self, exchange: Exchange) -> None:
        """Take in an ended exchange, whatever order they end in."""
        ended = exchange.started_at + (exchange.duration_ms or 0.0) / 1000
        self.running = max(0, self.running - 1)
        self.ended = max(self.ended, ended)
        self.touched = max(self.touched, ended)
        if self.last is None or exchange.started_at >= self.last.started_at:
            self.last = _slim(exchange)


def _slim(exchange: Exchange) -> Exchange:
    """The exchange without its bodies: thousands of runs may be open."""
    answer = exchange.response.json if exchange.response else None
    kept = Response(json=trimmed(dict(answer), KEPT_TEXT)) if answer else None
    return replace(exchange, request=Request(), response=kept)


def run_span(run: Run, node: Node, out: Collector) -> Span:
    """The AGENT span of a run that is over, at its place in the tree."""
    last = run.last
    assert last is not None
    outcome, message = _outcome(run)
    out.add(names.KIND, names.AGENT)
    out.add(names.INPUT_VALUE, run.prompt)
    out.add(names.INPUT_MIME, names.TEXT if run.prompt else None)
    text = run.report or (answer_text(run.answer) if last.status == "ok" else None)
    out.add(names.OUTPUT_VALUE, text)
    out.add(names.OUTPUT_MIME, names.TEXT if text else None)
    common(last, node, out)
    out.add(names.GEN_AI_OPERATION, names.INVOKE_AGENT)
    out.add(names.ERROR_TYPE, (error_type(last) or "incomplete") if outcome == "error" else None)
    about = metadata(last, out)
    kept = ("prompt_id", "project", "branch", "client", "agent_type", "agent_description", "agent_evidence")
    out.json(names.METADATA, {key: about[key] for key in kept if key in about})
    return Span(
        trace_id=node.trace_id,
        span_id=node.span_id,
        parent_id=node.parent_id,
        name=f"Turn {run.turn}" if run.is_main else node.agent,
        start_ns=nanoseconds(run.started),
        end_ns=nanoseconds(max(run.ended, run.started)),
        attributes=out.done(),
        outcome=outcome,
        message=out.words("output", message) if message else None,
    )


def _outcome(run: Run) -> tuple[Outcome, str | None]:
    if run.is_final or run.report is not None:
        return "ok", None
    assert run.last is not None
    # One that waited for a tool, or for its human, when it was last seen is neither a success nor a failure.
    return outcome_of(run.last) if run.last.status != "ok" else ("unset", None)
