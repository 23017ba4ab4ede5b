"""Every room takes a message for the same: generated conversations are fed to all of them and compared.

The generator knows what each block is, so that a room which reads by itself, and otherwise, is found out.
The second test finds it in the source.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_lens.agents.facts import Spawned, history
from claude_lens.agents.facts import Told as ToldFact
from claude_lens.dashboard import conversation
from claude_lens.dashboard.blocks import Ref
from claude_lens.exchange import Exchange, Request, Response
from claude_lens.store.insight.context import context
from claude_lens.store.transfer import pages
from claude_lens.store.writing.calls import calls_of
from claude_lens.store.writing.titles import first_prompt
from claude_lens.store.writing.words import columns
from claude_lens.tracing import tools as tracing_tools
from claude_lens.tracing.spawns import SpawnBook
from claude_lens.translation.messages import adapt_messages
from claude_lens.translation.notes import Notes
from tests.test_layout import PACKAGE, SOURCES, name

Json = dict[str, Any]

INSERTED = (
    "<system-reminder>\nToday's date is 2026-11-28.\n</system-reminder>",
    "<available-deferred-tools>\nWebFetch\n</available-deferred-tools>",
    "<local-command-caveat>Caveat: x</local-command-caveat>",
    "<local-command-stdout>Compacted</local-command-stdout>",
    "This session is being continued from a previous conversation that ran out of context.",
    "[Request interrupted by user]",
)
CARRIERS = {"tool_use": "client", "server_tool_use": "server", "mcp_tool_use": "mcp"}
RESULTS = {"server_tool_use": "web_search_tool_result", "mcp_tool_use": "mcp_tool_result"}
WORDS = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=3, max_size=9)


@dataclass
class Told:
    """What a generated conversation is, as its generator knows."""

    body: Json = field(default_factory=dict)
    answer: Json = field(default_factory=dict)
    human: list[str] = field(default_factory=list)
    called: list[tuple[str, str]] = field(default_factory=list)
    brought: list[tuple[str, bool]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    spawned: list[str] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)


@st.composite
def conversations(draw: st.DrawFn) -> Told:
    """A request with an answer that called tools, their results, and an answer that calls more."""
    told, number = Told(), 0

    def call(kind: str) -> Json:
        nonlocal number
        number += 1
        tool = draw(st.sampled_from(["Bash", "Agent", "Task"])) if kind == "tool_use" else draw(WORDS)
        given = {"prompt": draw(WORDS), "subagent_type": "reviewer-2", "description": "d"}
        return {"type": kind, "id": f"toolu_{number:020d}", "name": tool, "input": given}

    def answer() -> list[Json]:
        blocks: list[Json] = [{"type": "text", "text": "said " + draw(WORDS)}]
        for kind in draw(st.lists(st.sampled_from(sorted(CARRIERS)), max_size=4)):
            made = call(kind)
            blocks.append(made)
            if kind in RESULTS:
                blocks.append({"type": RESULTS[kind], "tool_use_id": made["id"], "content": []})
        return blocks

    first: list[Json] = []
    for words in draw(st.lists(st.sampled_from(INSERTED), max_size=3)):
        first.append({"type": "text", "text": words})
    told.human.append("wrote " + draw(WORDS))
    first.append({"type": "text", "text": told.human[-1]})
    before, after = answer(), answer()
    results: list[Json] = []
    for block in before:
        if block["type"] == "tool_use":
            failed = draw(st.booleans())
            content: Any = "out"
            if block["name"] in ("Agent", "Task"):
                told.spawned.append(block["id"])
                agent = f"reviewer-{draw(st.integers(1, 99))}"
                content = [
                    {"type": "text", "text": "a report"},
                    {"type": "text", "text": f"agentId: {agent} (use)"},
                ]
                told.named.append((block["id"], agent))
            results.append(
                {"type": "tool_result", "tool_use_id": block["id"], "content": content, "is_error": failed}
            )
            told.brought.append((block["name"], failed))
    reminder = draw(st.booleans())
    told.called = [(block["type"], block["name"]) for block in after if block["type"] in CARRIERS]
    told.served = [block["name"] for block in after if block["type"] in RESULTS]
    told.body = {
        "messages": [
            {"role": "user", "content": first},
            {"role": "assistant", "content": before},
            {
                "role": "user",
                "content": [*results, *([{"type": "text", "text": INSERTED[0]}] if reminder else [])],
            },
        ]
    }
    told.answer = {"type": "message", "role": "assistant", "content": after}
    return told


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_every_room_takes_a_conversation_for_the_same(told: Told) -> None:
    exchange = Exchange(
        id="e1", status="ok", request=Request(json=told.body), response=Response(json=told.answer)
    )
    first, before, last = told.body["messages"]
    names = [tool for _, tool in told.called]
    # Titles, and the outline of a page.
    assert first_prompt(told.body) == told.human[0]
    # Numbers of tools.
    used = calls_of(exchange)
    assert sum(one.calls for one in used.values()) == len(told.called)
    assert sum(one.results for one in used.values()) == len(told.brought) + len(told.served)
    assert sum(one.errors for one in used.values()) == sum(failed for _, failed in told.brought)
    # Search.
    row = columns(told.answer)
    assert row is not None
    assert all(tool in row[3] for tool in names)
    assert row[1].startswith("said ")
    # Agents.
    facts = history(told.body, None)
    assert [one.tool_use_id for one in facts if isinstance(one, Spawned)] == told.spawned
    assert [(f.tool_use_id, f.agent_id) for f in facts if isinstance(f, ToldFact)] == told.named
    # Traces.
    assert [one.use.name for one in tracing_tools.ran(exchange)] == [tool for tool, _ in told.brought]
    assert [one.use.name for one in tracing_tools.ran_by_server(exchange)] == told.served
    book = SpawnBook()
    book.absorb(exchange, ("s", "p", "", 0))
    assert {call: agent for agent, made in book.session("s").proven.items() for call in made} == dict(
        told.named
    )
    # The dashboard.
    shown = conversation.sent(told.answer, Ref(1), "a", conversation.calls_of([told.answer]))
    assert [one.data["name"] for one in shown if one.kind == "tool"] == names
    asked = conversation.sent(first, Ref(1), "u", {})
    assert [one.kind for one in asked].count("text") == len(told.human)
    own = conversation.sent(last, Ref(1), "r", conversation.calls_of([before]))
    assert [one.data["of"] for one in own if one.kind == "result"] == [tool for tool, _ in told.brought]
    # What fills the context.
    items = context({"messages": [told.answer]}, None)["items"]
    assert sum(item["count"] for item in items if item["kind"] == "tool call") == len(names)
    assert sum(item["count"] for item in items if item["kind"] == "tool result") == len(told.served)
    prompts = context({"messages": [first]}, None)["items"]
    assert sum(item["count"] for item in prompts if item["kind"] == "user") == len(told.human)
    # The session as people read it.
    parts = list(pages._message(told.answer, "main", ""))
    assert [part.kind for part in parts if part.kind.endswith(" called")] == [
        f"{one} called" for one in names
    ]
    # Other providers.
    sent = adapt_messages(told.body["messages"], Notes())
    kept = [block for message in sent for block in message["content"]]
    assert [b["name"] for b in kept if b["type"] == "tool_use"] == [tool for tool, _ in told.brought]
    assert sum(b["type"] == "tool_result" for b in kept) == len(told.brought)


TELLING = re.compile(
    r"tool_use(?!\w)|tool_result(?!\w)|redacted_thinking|system-reminder|task-notification|local-command"
    r"|command-name|agentId: |Request interrupted|being continued from|available-deferred"
    r"|x-anthropic-billing|cc_is_subagent|count_tokens|Warmup"
)
WHOLE = frozenset({"Task", "Agent", "SendMessage", "auxiliary", "workflow"})
"""Words that tell what a message is: whole strings, or (``TELLING``) any part of one."""

ALLOWED = {
    "agents/rules.py": "the words of a rule, as the user writes them",
    "capture/outgoing.py": "bytes that are looked for before anything is parsed",
    "capture/request.py": "the address of an endpoint",
    "capture/shortcut.py": "the address of an endpoint",
    "capture/translated.py": "bytes of a stream that is not parsed on its way",
    "demo/client.py": "the demonstration's own client writes messages",
    "demo/provider.py": "the demonstration's own provider writes messages",
    "demo/script.py": "the demonstration's own provider writes messages",
    "happened/states.py": "why an answer ended, not what it holds",
    "replay/comparing.py": "what differs between two runs of a client and does not count",
    "replay/server.py": "the address of an endpoint",
    "replay/tools.py": "cuts from a result what the client adds to it again by itself",
    "store/framing.py": "a dictionary for compression",
    "store/skeleton.py": "a dictionary for compression",
    "store/transfer/notes.py": "bytes that are looked for before anything is parsed",
    "translation/searching.py": "writes an answer where a search has failed",
    "wire/dialect.py": "the address of an endpoint",
    "wire/sse.py": "builds the blocks of a streamed message",
    "wire/iterations.py": "a field of usage",
    "wire/pricing.py": "a field of usage",
    "wire/usage.py": "a field of usage",
}


def readers(tree: ast.AST) -> list[str]:
    """The strings in a module that tell what a message is, but for its documentation."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(text, str) and (text in WHOLE or TELLING.search(text)):
                found.append(text[:60])
    return found


def test_nobody_else_reads_messages() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): told
        for path in SOURCES
        if "migrations" not in name(path) and path.parent.name != "messages"
        if (told := readers(ast.parse(path.read_text())))
    }
    new = {path: told for path, told in found.items() if path not in ALLOWED}
    assert not new, f"ask claude_lens/messages instead: {new}"
    assert not ALLOWED.keys() - found.keys(), "allowed without need"


def test_a_reader_is_found() -> None:
    assert readers(ast.parse('"""about tool_use"""\nif block["type"] == "tool_use": pass')) == ["tool_use"]
    assert readers(ast.parse('name in ("Agent", "Bash")')) == ["Agent"]
