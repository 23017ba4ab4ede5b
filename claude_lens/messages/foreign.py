"""Messages of other APIs, read as Anthropic's: OpenAI's chat completions, completions and Responses, Gemini.

What is stored stays what it was; this is a reading of it, for whoever shows, searches or counts it.
Sources: the API references of OpenAI and Google. ``reasoning_content`` and ``reasoning`` are what other
providers of OpenAI's format send thinking in. Nothing here raises on odd JSON; what is no words, no thought,
no call and no result of one is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from claude_lens.messages.blocks import (
    ANSWERED,
    CALLED,
    CALLED_BY_SERVER,
    Json,
    listed,
    messages,
    role,
    text_block,
)

_CHAT: Final = frozenset(
    ("tool_calls", "function_call", "refusal", "reasoning_content", "reasoning", "annotations", "audio")
)
"""Fields that a chat completion's answer has beside ``role`` and ``content``, and clients send back."""
_THOUGHTS: Final = ("reasoning_content", "reasoning")
_TEXTS: Final = frozenset(("text", "input_text", "output_text", "summary_text", "reasoning_text"))
_GIVEN: Final = ("action", "arguments", "queries", "code")
_ASSISTANT: Final = "assistant"
_DEEPEST: Final = 100


def answer(body: object) -> Json | None:
    """The message that an answer's JSON is or holds: ``role`` and ``content``, a list of blocks.

    None where nothing was said: an error, a count, an API without messages. Choices follow each other.
    """
    if not isinstance(body, Mapping):
        return None
    if isinstance(body.get("role"), str) and isinstance(body.get("content"), list):
        return body
    if body.keys() & {"role", "content"}:
        return None
    said: list[Json] = []
    for choice in listed(body.get("choices")):
        said += _said(choice.get("message"))
        said += _plain(choice.get("text"))
    if body.get("object") == "response":
        said += [block for one in _items(body.get("output")) for block in one["content"]]
    for candidate in listed(body.get("candidates")):
        said += _parts_of_gemini(candidate.get("content"))
    return {"role": _ASSISTANT, "content": said} if said else None


def conversation(body: Json | None, dialect: str) -> Sequence[Json]:
    """The messages of a request to an API (``claude_lens.wire.dialect``), whatever their field is called."""
    if not isinstance(body, Mapping):
        return []
    if dialect == "chat":
        return [message(one) for one in messages(body)]
    if dialect == "responses":
        return _items(body.get("input"))
    if dialect == "completions":
        prompts = body.get("prompt")
        told = prompts if isinstance(prompts, list) else [prompts]
        return [{"role": "user", "content": words} for words in told if isinstance(words, str) and words]
    if dialect == "gemini":
        found = ((one, _parts_of_gemini(one)) for one in listed(body.get("contents")))
        return [
            {"role": _ASSISTANT if role(one) == "model" else "user", "content": said}
            for one, said in found
            if said
        ]
    return messages(body)


def message(value: Any) -> Any:
    """A message of chat completions as Anthropic's; any other value as it is."""
    whose = role(value)
    if whose == "tool":
        return {"role": "user", "content": [_result(value.get("tool_call_id"), value.get("content"))]}
    if whose == _ASSISTANT and value.keys() & _CHAT:
        return {"role": whose, "content": _said(value)}
    return value


def _said(value: object) -> list[Json]:
    """The blocks of a chat completion's message."""
    if not isinstance(value, Mapping):
        return []
    thoughts = next(
        (words for name in _THOUGHTS if isinstance(words := value.get(name), str) and words), None
    )
    found: list[Json] = [] if thoughts is None else [_thought(thoughts)]
    found += _blocks(value.get("content"))
    found += _plain(value.get("refusal"))
    for call in listed(value.get("tool_calls")):
        # A custom tool is given text, a function the JSON of an object.
        made = call.get("function") or call.get("custom")
        if isinstance(made, Mapping):
            found.append(_call(call.get("id"), made))
    if isinstance(made := value.get("function_call"), Mapping):
        found.append(_call("", made))
    return found


def _blocks(content: object) -> list[Json]:
    """The blocks of a content field of OpenAI's: a string, or a list of parts; media stay as they are."""
    if isinstance(content, str):
        return _plain(content)
    found: list[Json] = []
    for part in listed(content):
        kind = part.get("type")
        if kind in _TEXTS:
            found += _plain(part.get("text"))
        elif kind == "refusal":
            found += _plain(part.get("refusal"))
        elif kind == "thinking":
            words = part.get("thinking")
            words = words if isinstance(words, str) else "\n".join(_words(words))
            found += [_thought(words)] if words else []
        elif isinstance(kind, str):
            found.append(part)
    return found


def _items(items: object) -> list[dict[str, Any]]:
    """The messages that items of Responses are: what the model said at once is one, as are its results."""
    if isinstance(items, str):
        return [{"role": "user", "content": items}] if items else []
    found: list[dict[str, Any]] = []
    joined: str | None = None
    for item in listed(items):
        whose, said = _item(item)
        if not said:
            continue
        # Texts of people are messages of their own.
        joins = _ASSISTANT if whose == _ASSISTANT else ANSWERED if said[0].get("type") == ANSWERED else None
        if joins is not None and joins == joined:
            found[-1]["content"] += said
        else:
            found.append({"role": whose, "content": said})
        joined = joins
    return found


def _item(item: Json) -> tuple[str, list[Json]]:
    """Whose an item is, and its blocks."""
    kind = item.get("type") or "message"
    if not isinstance(kind, str):
        return "", []
    if kind == "message":
        return role(item) or "user", _blocks(item.get("content"))
    if kind == "reasoning":
        words = "\n".join([*_words(item.get("summary")), *_words(item.get("content"))])
        return _ASSISTANT, [_thought(words)] if words else []
    if kind.endswith("_call_output"):
        return "user", [_result(item.get("call_id"), item.get("output"))]
    if kind in ("function_call", "custom_tool_call"):
        return _ASSISTANT, [_call(item.get("call_id"), item)]
    if kind.endswith("_call"):
        # The provider's own: its search, its interpreter. ``mcp_call`` names the tool of a server.
        given = next((item[name] for name in _GIVEN if item.get(name)), None)
        named = _text(item.get("name")) or kind.removesuffix("_call")
        made = {"type": CALLED_BY_SERVER, "id": _text(item.get("id")), "name": named}
        return _ASSISTANT, [{**made, "input": _input(given)}]
    return "", []


def _parts_of_gemini(content: object) -> list[Json]:
    found: list[Json] = []
    for part in listed(content.get("parts")) if isinstance(content, Mapping) else ():
        if isinstance(words := part.get("text"), str) and words:
            found.append(_thought(words) if part.get("thought") else text_block(words))
        elif isinstance(made := part.get("functionCall"), Mapping):
            found.append(_call(made.get("id"), {"name": made.get("name"), "input": made.get("args")}))
        elif isinstance(came := part.get("functionResponse"), Mapping):
            found.append(_result(came.get("id"), _json(came.get("response"))))
    return found


def _call(ident: object, made: Json) -> dict[str, Any]:
    given = made.get("arguments") if "arguments" in made else made.get("input")
    return {"type": CALLED, "id": _text(ident), "name": _text(made.get("name")), "input": _input(given)}


def _input(given: object) -> Any:
    """What a call gives its tool; its text where that is no JSON, or JSON too deep to be shown."""
    if not isinstance(given, str):
        return given if given is not None else {}
    try:
        value = json.loads(given, parse_constant=_refuse)
    except (RecursionError, ValueError):
        return given
    return value if isinstance(value, Mapping) and _is_shallow(value, _DEEPEST) else given


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if _is_shallow(value, _DEEPEST) else ""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_shallow(value: object, left: int) -> bool:
    inner: Iterable[object] = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    return left > 0 and all(_is_shallow(one, left - 1) for one in inner)


def _result(ident: object, content: object) -> dict[str, Any]:
    told = content if isinstance(content, str) else _blocks(content)
    return {"type": ANSWERED, "tool_use_id": _text(ident), "content": told}


def _thought(words: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": words}


def _plain(words: object) -> list[Json]:
    return [text_block(words)] if isinstance(words, str) and words else []


def _words(parts: object) -> list[str]:
    return [words for part in listed(parts) if isinstance(words := part.get("text"), str) and words]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
