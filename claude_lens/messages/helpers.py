"""Requests that the client makes for itself, beside the conversation: titles, warm-ups, summaries, counts.

Clients since 2.1.273 name the class of a request in a header, where they are asked to. Older ones send the
same requests without a word, and what they are for is read from their bodies here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from claude_lens.messages.blocks import Json, blocks, messages, role, system_texts, text, texts
from claude_lens.messages.calls import tools
from claude_lens.messages.system import BILLING, billing, entrypoint

Helper = Literal["auxiliary", "compaction", "count"]

MAIN: Final = "main"
SUBAGENT: Final = "subagent"
AUXILIARY: Final = "auxiliary"
COMPACTION: Final = "compaction"
COUNT: Final = "count"
BESIDE: Final = (AUXILIARY, COMPACTION, COUNT)
"""Classes of requests that stand beside the conversation of their agent."""
SUBAGENT_CLASSES: Final = frozenset({SUBAGENT, "workflow"})
COUNT_TOKENS: Final = "count_tokens"
"""How the endpoint ends that only counts the tokens of a prompt."""

_SUMMARISERS: Final = ("You are a helpful AI assistant tasked with summarizing conversations",)
_SUMMARISE: Final = "create a detailed summary of"
_COMPACT: Final = ("CRITICAL: Respond with TEXT ONLY", "Your task is to create a detailed summary of")
_TITLE_SYSTEM: Final = "Generate a concise, sentence-case title"
_SYSTEMS: Final = (
    _TITLE_SYSTEM,
    "Analyze if this message indicates a new conversation topic",
    "Extract any file paths that this command reads",
    "Your task is to process Bash commands",
    "Summarize this coding conversation",
    "Generate a short kebab-case name",
    "Write a short summary label",
    "You are an assistant for performing a web search tool use",
)
_ASKED_LAST: Final = (
    "[SUGGESTION MODE:",
    "Describe your most recent action in 3-5 words using present tense",
    "The user stepped away and is coming back. Recap in under",
)
_ASKED_FOR_TITLE: Final = ("Please write a 5-10 word title", "<session>")
_ASKED_ALONE: Final = ("Please write a 5-10 word title for the following conversation", "<session>")
_TITLE_MARKS: Final = (b'"json_schema"', b"word title", b"<session>", b"sentence-case title")
_TITLE_BYTES: Final = 2_000_000
_WARM_UP: Final = "Warmup"
_SHORT_SYSTEM: Final = 6_000
"""Characters; the system prompts of agents are longer, those of helper requests shorter."""
_LONGEST_TITLE: Final = 1000
_TITLE_FIELDS: Final = frozenset({"title", "isNewTopic", "branch"})


def is_count(endpoint: str) -> bool:
    """Whether an endpoint only counts tokens: no model is asked, so it is no request in our words."""
    return endpoint.rstrip("/").endswith(COUNT_TOKENS)


def is_beside(request_class: str | None, endpoint: str) -> bool:
    """Whether an exchange stands beside the conversation of its agent."""
    return request_class in BESIDE or is_count(endpoint)


def helper(endpoint: str, body: Json | None, *, subagent: bool = False) -> Helper | None:
    """What Claude Code asks for itself in a request; None where it goes on with a conversation.

    ``subagent``: one is known to ask. It may have no tools, and a short system prompt.
    """
    if is_count(endpoint):
        return "count"
    if not isinstance(body, Mapping):
        return None
    conversation = messages(body)
    last = _last_texts(conversation)
    system = [words.lstrip() for words in system_texts(body) if not words.startswith(BILLING)]
    if _is_compaction(system, last):
        return "compaction"
    asks = any(words.startswith(_ASKED_LAST) for words in last) or _is_probe(body, conversation)
    if asks or any(words.startswith(_SYSTEMS) for words in system):
        return "auxiliary"
    return "auxiliary" if not subagent and _is_bare(body, conversation, system) else None


def _is_compaction(system: Sequence[str], last: Sequence[str]) -> bool:
    if not any(_SUMMARISE in words[:20_000] for words in last):
        return False
    return any(w.startswith(_COMPACT) for w in last) or any(w.startswith(_SUMMARISERS) for w in system)


def _is_probe(body: Json, conversation: Sequence[Json]) -> bool:
    """The client asks for a single token to learn its quota, and warms up what it may need."""
    if body.get("max_tokens") == 1:
        return True
    return len(conversation) == 1 and texts(conversation[0].get("content"))[-1:] == [_WARM_UP]


def _is_bare(body: Json, conversation: Sequence[Json], system: Sequence[str]) -> bool:
    """Without a tool, after one message (and the beginning of an answer): a title, a digest of some text."""
    if tools(body) or [role(one) for one in conversation] not in (["user"], ["user", "assistant"]):
        return False
    if asks_for_title(body):
        return True
    # A program that is no Claude Code has a conversation all the same: the client names itself or its user.
    metadata = body.get("metadata")
    named = isinstance(metadata, Mapping) and metadata.get("user_id")
    if not named and billing(body) is None:
        return False
    # So has who starts the client without tools from a program.
    return entrypoint(body) in (None, "cli") and max(map(len, system), default=0) < _SHORT_SYSTEM


def asks_for_title(body: Json | None) -> bool:
    """Whether all that a request wants is a title for what is said elsewhere."""
    conversation = messages(body)
    if tools(body) or [role(one) for one in conversation] not in (["user"], ["user", "assistant"]):
        return False
    asked = texts(conversation[0].get("content"))
    begins = any(words.lstrip().startswith(_ASKED_ALONE) for words in asked)
    return begins or (body is not None and _wants_title(body))


def _wants_title(body: Json) -> bool:
    """Whether the answer must be a JSON object with a title."""
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, Mapping) else None
    schema = form.get("schema") if isinstance(form, Mapping) else None
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    return isinstance(fields, Mapping) and "title" in fields


def is_title(body: Json | None) -> bool:
    """Whether the client asks for a session's title: without tools, by the answer's form or in words."""
    if not isinstance(body, Mapping) or tools(body):
        return False
    if _wants_title(body) or any(words.lstrip().startswith(_TITLE_SYSTEM) for words in system_texts(body)):
        return True
    asked = [words for one in messages(body)[:1] for words in texts(one.get("content"))]
    return any(words.lstrip().startswith(_ASKED_FOR_TITLE) for words in asked)


def may_be_title(body: bytes) -> bool:
    """Whether it is worth looking into a body for :func:`is_title`; costs little."""
    return len(body) < _TITLE_BYTES and any(mark in body for mark in _TITLE_MARKS)


def _last_texts(conversation: Sequence[Json]) -> list[str]:
    """The texts of the newest user message."""
    last = conversation[-1] if conversation else None
    found = (text(block) for block in blocks(last)) if role(last) == "user" else ()
    return [words.lstrip() for words in found if words is not None]


def title_in(answer: Json | None, body: Json | None = None) -> str | None:
    """The title in an answer that is a JSON object with a title and nothing of weight beside it.

    ``body``: the request, whose last message may hold the beginning of the answer.
    """
    words = texts(answer.get("content")) if isinstance(answer, Mapping) else []
    if len(words) != 1 or len(words[0]) > _LONGEST_TITLE:
        return None
    last = messages(body)[-1:]
    begun = "".join(texts(last[0].get("content"))) if last and role(last[0]) == "assistant" else ""
    found = _object(words[0])
    if found is None and len(begun) < _LONGEST_TITLE:
        found = _object(begun + words[0])
    title = found.get("title") if found is not None else None
    if found is None or not isinstance(title, str) or set(found) - _TITLE_FIELDS:
        return None
    return " ".join(title.split()) or None


def _object(words: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(words.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
