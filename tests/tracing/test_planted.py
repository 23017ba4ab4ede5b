"""A word planted in each kind of content, each switch on: it leaves nowhere it should not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.hiding import environment_hiding
from claude_lens.tracing.spans import Span
from claude_lens.tracing.tree import Tree
from tests.tracing.sessions import play
from tests.tracing.talk import Block, Talk, failed, launched, report, result, spawn, text, use

DATA = "QUJDREVG" * 3000
KINDS = ("prompt", "system", "command", "result", "failure", "answer", "thought", "description", "report")
ENVIRONMENT = "# Environment\n - Primary working directory: /planted/environment"


def planted(kind: str) -> str:
    return f"planted-{kind}-word"


def media() -> list[Block]:
    image = {"type": "base64", "media_type": "image/png", "data": DATA}
    document = {"type": "base64", "media_type": "application/pdf", "data": DATA}
    return [{"type": "image", "source": image}, {"type": "document", "source": document}]


def session() -> list[Span]:
    """A prompt with media, tools that work and fail, a subagent, thoughts, an error, the client's text."""
    main = Talk().say(planted("prompt"), *media())
    main.messages.insert(0, {"role": "system", "content": ENVIRONMENT})
    thinking = {"type": "thinking", "thinking": planted("thought"), "signature": "c2ln"}
    call = spawn("s1", f"do {planted('description')}")
    call["input"]["description"] = planted("description")
    first = main.ask(
        thinking, use("Bash", "t1", command=planted("command")), use("Read", "t2", path="x"), call
    )
    shown: Block = {**result("t2", ""), "content": [text(planted("result")), *media()]}
    below = Talk("a1").say(f"do {planted('description')}")
    sub = below.ask(planted("report"))
    main.say(result("t1", f"{planted('failure')}\nmore", True), shown, report("s1", "a1", planted("report")))
    last = main.ask(planted("answer"))
    refused = failed(main.say("again").ask("x"))
    refused = replace(refused, error=f"invalid_request_error: {planted('prompt')} is too long")
    plant = {"system": planted("system")}
    exchanges = [replace(one, request=replace(one.request, json={**(one.request.json or {}), **plant}))
                 for one in (first, sub, last, refused)]  # fmt: skip
    return play(Tree(collector=lambda: Collector(environment_hiding())), *exchanges)


def said(spans: Sequence[Span]) -> str:
    """Everything that leaves: names, attributes, status, events."""
    return "\n".join(str((s.name, s.attributes, s.message, s.events)) for s in spans)


def test_everything_but_media_leaves_where_nothing_is_hidden() -> None:
    spans = session()
    whole = said(spans)
    assert [kind for kind in KINDS if planted(kind) not in whole] == []
    assert DATA[:64] not in whole
    assert "[image image/png, 24000 bytes of base64]" in whole
    assert "[document application/pdf, 24000 bytes of base64]" in whole


def test_what_the_client_wrote_is_no_input_value() -> None:
    for span in session():
        value = span.attributes.get(names.INPUT_VALUE)
        assert "/planted/environment" not in str(value)
        assert "be good" not in str(value)
        if value and span.attributes.get("input.mime_type") == names.JSON:
            json.loads(str(value))


@pytest.mark.parametrize("switches", [("INPUTS", "OUTPUTS")])
def test_with_both_sides_hidden_nothing_leaves(
    monkeypatch: pytest.MonkeyPatch, switches: tuple[str, ...]
) -> None:
    for switch in switches:
        monkeypatch.setenv(f"OPENINFERENCE_HIDE_{switch}", "true")
    assert "planted" not in said(session())


@pytest.mark.parametrize(
    ("switch", "everywhere", "of_tools"),
    [
        ("INPUTS", ("prompt", "system"), ("command",)),
        ("OUTPUTS", ("answer", "thought"), ("result", "failure")),
        ("INPUT_MESSAGES", ("prompt", "system"), ()),
        ("OUTPUT_MESSAGES", ("answer", "thought"), ()),
        ("INPUT_TEXT", ("prompt", "system"), ()),
        ("OUTPUT_TEXT", ("answer",), ()),
    ],
)
def test_one_side_hidden(
    monkeypatch: pytest.MonkeyPatch, switch: str, everywhere: tuple[str, ...], of_tools: tuple[str, ...]
) -> None:
    """What a side says is on no span; what tools took or gave is on none of theirs."""
    monkeypatch.setenv(f"OPENINFERENCE_HIDE_{switch}", "true")
    spans = session()
    tools = [span for span in spans if span.attributes.get(names.KIND) == names.TOOL]
    assert tools
    assert [kind for kind in everywhere if planted(kind) in said(spans)] == []
    assert [kind for kind in of_tools if planted(kind) in said(tools)] == []
    assert DATA[:64] not in said(spans)


def test_a_background_agent_is_described_nowhere_when_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    main = Talk().say("go")
    first = main.ask(spawn("s1", planted("description")))
    main.say(launched("s1", "a1"))
    sub = Talk("a1").say(planted("description")).ask("done")
    named = replace(sub.identity.agent, description=planted("description"))
    sub = replace(sub, identity=replace(sub.identity, agent=named))
    spans = play(Tree(collector=lambda: Collector(environment_hiding())), first, sub, main.ask("on"))
    agents = [span for span in spans if span.attributes.get(names.KIND) != names.LLM]
    assert planted("description") not in said(agents)
