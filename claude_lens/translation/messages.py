"""The conversation: blocks that only Anthropic takes become what every chat model takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from claude_lens.messages import system as system_block
from claude_lens.messages.blocks import ANSWERED, CALLED, TEXT, text_block
from claude_lens.messages.blocks import blocks as blocks_of
from claude_lens.messages.blocks import kind as kind_of
from claude_lens.messages.calls import call, references
from claude_lens.messages.written import reminder
from claude_lens.translation.makers import unstamped
from claude_lens.translation.notes import Notes

Block = dict[str, Any]
LONGEST_ID = 40
NO_RESULT = "(no result: the call was interrupted)"
IMAGE_FOLLOWS = "(image: see below)"
NOT_SEEN = "(an image, which this model cannot see)"
UNSEEN = "images named, not sent: the model cannot see"

IsOwn = Callable[[Mapping[str, Any]], bool]


def adapt_messages(
    messages: object,
    notes: Notes,
    *,
    short_ids: bool = True,
    vision: bool = True,
    documents: bool = False,
    is_own: IsOwn = lambda _block: False,
) -> list[dict[str, Any]]:
    """A conversation of user and assistant turns in which every call has its result, right after it.

    Thinking goes unless it ``is_own`` of the target, images move out of tool results, messages of role
    ``system`` become reminders, blocks of Anthropic's own tools become text. ``short_ids``: call ids longer
    than 40 characters are replaced, the same one everywhere. Without ``vision`` images become text, and
    without ``documents`` whatever is a document but no text.
    """
    turns = _Conversation(notes, short_ids, vision, documents, is_own)
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, Mapping):
            turns.take(message)
    return turns.finish()


def adapt_system(system: object, notes: Notes) -> str | list[Block] | None:
    """The system prompt without the client's billing block and cache marks; None where nothing is left."""
    if isinstance(system, str):
        return None if is_billing(text_block(system), notes) else system or None
    blocks = system if isinstance(system, list) else []
    texts = [b.get("text") for b in blocks if isinstance(b, Mapping) and not is_billing(b, notes)]
    kept = [text for text in texts if isinstance(text, str) and text]
    return [text_block(text) for text in kept] or None


def is_billing(block: object, notes: Notes) -> bool:
    """Whether a system block is the one that the client writes for Anthropic's books; noted as removed."""
    if not system_block.is_billing(block):
        return False
    notes.add("billing block removed")
    return True


def named_images(content: Any, notes: Notes) -> Any:
    """Messages or blocks, nested as they may be, with words in the place of images."""
    if isinstance(content, list):
        return [named_images(item, notes) for item in content]
    if not isinstance(content, Mapping):
        return content
    if content.get("type") == "image":
        notes.add(UNSEEN)
        return {"type": "text", "text": NOT_SEEN}
    inner = content.get("content")
    return {**content, "content": named_images(inner, notes)} if isinstance(inner, list) else content


class _Conversation:
    """Turns as they are built; ``_open`` holds the calls that still wait for a result."""

    def __init__(self, notes: Notes, short_ids: bool, vision: bool, documents: bool, is_own: IsOwn) -> None:
        self._notes = notes
        self._short_ids = short_ids
        self._vision = vision
        self._documents = documents
        self._is_own = is_own
        self._turns: list[dict[str, Any]] = []
        self._open: list[str] = []
        self._waiting: list[Block] = []

    def take(self, message: Mapping[str, Any]) -> None:
        role, listed = message.get("role"), blocks_of(message)
        if role == "system":
            self._system(listed)
        elif role == "assistant":
            self._assistant(listed)
        else:
            self._user(listed)

    def finish(self) -> list[dict[str, Any]]:
        self._user([])
        return self._turns

    def _system(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._notes.add("system messages inside the conversation sent as reminders")
        text = "\n\n".join(str(block["text"]) for block in blocks if block.get("text"))
        if text:
            self._waiting.append(text_block(reminder(text)))
            if not self._open:
                self._user([])

    def _assistant(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        self._user([])
        kept: list[Block] = []
        for block in blocks:
            made = call(block)
            if kind_of(block) == "thinking" and self._is_own(block):
                kept.append(unstamped(block))
            elif kind_of(block) == "thinking":
                self._notes.add("thinking of another model removed")
            elif block.get("type") == TEXT:
                if str(block.get("text") or "").strip():
                    kept.append(text_block(str(block["text"])))
            elif made is not None and made.carrier == "client":
                identity = self._id(made.id)
                kept.append(
                    {"type": CALLED, "id": identity, "name": block.get("name"), "input": made.input or {}}
                )
                self._open.append(identity)
            else:
                kept.append(self._as_text(block))
        if kept:
            self._turns.append({"role": "assistant", "content": kept})

    def _user(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        results: list[Block] = []
        rest: list[Block] = []
        for block in blocks:
            own = block.get("type") == ANSWERED
            if own and self._id(block.get("tool_use_id")) in self._open:
                results.append(self._result(block, rest))
            elif own:
                self._notes.add("results without a call sent as text")
                rest.append(text_block(_flat(block.get("content"))))
            else:
                rest += self._plain(block)
        for missing in self._open:
            self._notes.add("calls without a result given an empty one")
            results.append({"type": ANSWERED, "tool_use_id": missing, "content": NO_RESULT})
        content = [*results, *self._waiting, *rest]
        self._open, self._waiting = [], []
        if content:
            self._turns.append({"role": "user", "content": content})

    def _result(self, block: Mapping[str, Any], rest: list[Block]) -> Block:
        """The result as one text; its images and documents go after all results."""
        content = block.get("content")
        texts: list[str] = []
        for item in [content] if isinstance(content, str) else content or []:
            if isinstance(item, str):
                texts.append(item)
            elif item.get("type") == TEXT:
                texts.append(str(item.get("text") or ""))
            elif item.get("type") in ("image", "document"):
                self._notes.add("images and documents moved out of tool results")
                texts.append(IMAGE_FOLLOWS)
                rest += self._plain(item)
            elif names := references(item):
                self._notes.add("tool references sent as text")
                texts.append(f"These tools can be called now: {', '.join(names)}.")
            else:
                texts.append(_flat(item))
        text = "\n".join(part for part in texts if part) or "(no output)"
        if block.get("is_error") and not text.lower().startswith(("error", "<tool_use_error")):
            self._notes.add("errors of tools marked in their text")
            text = f"Error: {text}"
        identity = self._id(block.get("tool_use_id"))
        self._open.remove(identity)
        return {"type": ANSWERED, "tool_use_id": identity, "content": text}

    def _plain(self, block: Mapping[str, Any]) -> list[Block]:
        kind, source = block.get("type"), block.get("source")
        if kind == TEXT:
            text = str(block.get("text") or "")
            return [text_block(text)] if text.strip() else []
        if kind == "image" and not self._vision:
            self._notes.add(UNSEEN)
            return [text_block(NOT_SEEN)]
        if kind == "image" and isinstance(source, Mapping) and source.get("type") in ("base64", "url"):
            return [{"type": "image", "source": dict(source)}]
        if kind == "document" and isinstance(source, Mapping) and source.get("type") == "text":
            return [text_block(str(source.get("data") or ""))]
        sent = isinstance(source, Mapping) and source.get("type") in ("base64", "url")
        if kind == "document" and self._documents and sent:
            return [{"type": "document", "source": source}]
        if kind in ("image", "document"):
            self._notes.add("documents that only Anthropic can read named, not sent")
            return [text_block(f"({kind} {block.get('title') or ''} not readable here)")]
        return [self._as_text(block)]

    def _as_text(self, block: Mapping[str, Any]) -> Block:
        self._notes.add(f"{block.get('type')} blocks sent as text")
        return text_block(_flat(block))

    def _id(self, value: object) -> str:
        identity = str(value or "call")
        if len(identity) <= LONGEST_ID or not self._short_ids:
            return identity
        self._notes.add("long call ids shortened")
        return "call_" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _flat(content: object) -> str:
    """Any content as text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_flat, content))) or "(nothing)"
    if isinstance(content, Mapping):
        if isinstance(content.get("text"), str):
            return str(content["text"])
        bare = {key: value for key, value in content.items() if not key.startswith(("cache_", "encrypted_"))}
        return json.dumps(bare, ensure_ascii=False)[:20000]
    return ""
