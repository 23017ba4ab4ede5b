"""A session as people read it: Markdown, or one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from claude_lens.messages import foreign
from claude_lens.messages.blocks import TEXT, blocks, content_blocks, thought
from claude_lens.messages.blocks import text as text_in
from claude_lens.messages.calls import call, result
from claude_lens.messages.helpers import is_beside
from claude_lens.store.reading import forms, turns
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.turns import Step

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
pre { font: 13px/1.45 ui-monospace, monospace; }
section { border-left: 3px solid silver; padding: .1rem 0 .1rem .8rem; margin: .8rem 0; }
section.assistant { border-color: chocolate; } section.user { border-color: royalblue; }
h2 { font-size: 1rem; margin: .2rem 0; } .facts { color: gray; font-weight: normal; }
details > summary { cursor: pointer; color: gray; } .error { color: crimson; }
"""
_AT_ONCE: Final = 50
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the conversation: whose it is, what kind, a heading, its text."""

    role: str
    kind: str
    heading: str
    text: str
    facts: str = ""


def conversation(reader: Reader, session: str) -> Iterator[Part]:
    """What was said in a session in order of time, each once, answers with their numbers.

    As its page on the dashboard shows it: what an exchange added to its agent's conversation, then the
    answer.
    """
    with reader.connect() as connection:
        steps = [
            step
            for step in turns.steps(connection, session)
            if not is_beside(step.summary["request_class"], step.summary["endpoint"])
        ]
        for start in range(0, len(steps), _AT_ONCE):
            some = steps[start : start + _AT_ONCE]
            found = turns.load(
                connection, {key for step in some for key in (*step.fresh, step.answer) if key}
            )
            for step in some:
                yield from _step(step, found)


def _step(step: Step, found: Mapping[int, Any]) -> Iterator[Part]:
    one, agent = step.summary, step.summary["agent"]
    name = agent["name"] or agent["type"] or agent["id"] or "main"
    for key in step.fresh:
        yield from _message(found.get(key), name, "")
    if step.answer is not None:
        yield from _message(found.get(step.answer), name, _facts(one))
    elif one["error"]:
        yield Part("assistant", "error", name, one["error"], _facts(one))


def _message(message: Any, name: str, facts: str) -> Iterator[Part]:
    message = foreign.message(message)
    if not isinstance(message, Mapping):
        return
    role = str(message.get("role") or "user")
    for block in blocks(message):
        kind, text = _block(block)
        heading = f"{name}: {role}" if kind == TEXT else f"{name}: {kind}"
        yield Part(role, kind, heading, text, facts)
        facts = ""


def _block(block: Mapping[str, Any]) -> tuple[str, str]:
    if (words := text_in(block)) is not None:
        return TEXT, words
    if (thoughts := thought(block)) is not None:
        return "thinking", thoughts
    if (made := call(block)) is not None:
        return f"{made.name} called", json.dumps(made.input, indent=2, ensure_ascii=False)
    if (came := result(block)) is not None:
        told = "\n".join(_block(one)[1] for one in content_blocks(came.content))
        return "tool failed" if came.is_error else "tool result", told
    kind = str(block.get("type") or "unknown")
    if kind == "image":
        return kind, "(an image)"
    return kind, json.dumps(block, indent=2, ensure_ascii=False)


def _facts(one: forms.Summary) -> str:
    model, usage = one["model"], one["usage"]
    parts = [model["routed"] or model["requested"] or "", one["started_at"]]
    if usage is not None:
        prompt = (
            usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
        )
        parts.append(f"{prompt} in, {usage['output_tokens']} out")
    parts.append("cost unknown" if one["cost_usd"] is None else f"${one['cost_usd']:.4f}")
    return ", ".join(part for part in parts if part)


def markdown(reader: Reader, session: str) -> Iterator[str]:
    """The session as Markdown, a piece at a time. Texts of tools stand in fences longer than any in them."""
    facts = reader.session(session)
    yield f"# {_line(facts['title'] or facts['id'])}\n\n{_line(_about(facts))}\n"
    for part in conversation(reader, facts["id"]):
        yield f"\n## {_line(part.heading)}\n"
        if part.facts:
            yield f"*{part.facts}*\n"
        if part.kind == TEXT:
            yield f"\n{part.text}\n"
        else:
            fence = "`" * max(3, 1 + _longest_ticks(part.text))
            yield f"\n{fence}\n{part.text}\n{fence}\n"


def _longest_ticks(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest


def page(reader: Reader, session: str) -> Iterator[str]:
    """The session as an HTML page, a piece at a time. Everything in it is text: it cannot do anything."""
    facts = reader.session(session)
    title = escape(_line(facts["title"] or facts["id"]))
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{title}</h1><p>{escape(_line(_about(facts)))}</p>\n"
    )
    for part in conversation(reader, facts["id"]):
        role = "assistant" if part.role == "assistant" else "user"
        about = f' <span class="facts">{escape(part.facts)}</span>' if part.facts else ""
        text = f"<pre>{escape(_printable(part.text))}</pre>"
        if part.kind not in (TEXT, "error"):
            text = f"<details><summary>{len(part.text)} characters</summary>{text}</details>"
        elif part.kind == "error":
            text = f'<div class="error">{text}</div>'
        yield f'<section class="{role}"><h2>{escape(_line(part.heading))}{about}</h2>{text}</section>\n'
    yield "</body></html>\n"


def _about(facts: forms.Session) -> str:
    cost = "cost unknown" if facts["cost_usd"] is None else f"${facts['cost_usd']:.4f}"
    known = [facts["started_at"], facts["project"], f"{facts['exchanges']} requests", cost]
    return " · ".join(part for part in known if part)


def _line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    """Without what no page may hold: lone surrogates, and control characters but for space."""
    return "".join(
        char
        if char in "\n\t" or ((char.isprintable() or char.isspace()) and not "\ud800" <= char <= "\udfff")
        else "\ufffd"
        for char in text
    )
