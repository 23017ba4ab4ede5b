"""A session as people read it: Markdown, or one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from claude_lens import exact
from claude_lens.exchange import Exchange
from claude_lens.messages.blocks import TEXT, blocks, content_blocks, thought
from claude_lens.messages.blocks import text as text_in
from claude_lens.messages.calls import call, result
from claude_lens.messages.helpers import is_beside
from claude_lens.store import content
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.transfer.exporting import session_exchanges

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
    """The messages of a session in order of time, each once for each agent, answers with their numbers."""
    seen: dict[str | None, set[bytes]] = {}
    for one in session_exchanges(reader, session):
        if is_beside(one.identity.request_class, one.endpoint):
            continue
        agent = one.identity.agent
        known = seen.setdefault(agent.id, set())
        name = agent.name or agent.type or ("main" if agent.id is None else agent.id)
        messages = (one.request.json or {}).get("messages")
        for message in messages if isinstance(messages, list) else ():
            yield from _message(message, name, known, "")
        if one.response is not None and one.response.json and "content" in one.response.json:
            yield from _message(one.response.json, name, known, _facts(one))
        elif one.error:
            yield Part("assistant", "error", name, one.error, _facts(one))


def _message(message: Any, name: str, known: set[bytes], facts: str) -> Iterator[Part]:
    if not isinstance(message, Mapping):
        return
    # An answer comes back as history with other fields around it: role and content tell.
    digest = content.digest(exact.dump([message.get("role"), _bare(message.get("content"))]))
    if digest in known:
        return
    known.add(digest)
    role = str(message.get("role") or "user")
    for block in blocks(message):
        kind, text = _block(block)
        heading = f"{name}: {role}" if kind == TEXT else f"{name}: {kind}"
        yield Part(role, kind, heading, text, facts)
        facts = ""


def _bare(blocks: Any) -> Any:
    if not isinstance(blocks, list):
        return blocks
    return [
        {key: item for key, item in block.items() if key != "cache_control"}
        if isinstance(block, Mapping)
        else block
        for block in blocks
    ]


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


def _facts(one: Exchange) -> str:
    parts = [one.model.routed or one.model.requested or "", forms.iso(one.started_at)]
    if one.usage is not None:
        parts.append(f"{one.usage.prompt_tokens} in, {one.usage.output_tokens} out")
    parts.append("cost unknown" if one.cost.usd is None else f"${one.cost.usd:.4f}")
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
