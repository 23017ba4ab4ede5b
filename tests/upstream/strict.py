"""A provider's own strictness: a request is refused where it is not what OpenAI's published schema says.

The schema is that of the ``openai`` package's types, every object closed: a field that is not in it is an
error. What types cannot say (a call has its result, names and ids have their lengths) is checked beside it.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Union, get_args, get_origin

import openai.types.chat
import openai.types.responses  # noqa: F401
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict, is_typeddict

from tests.upstream.server import Pairs

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
FOREIGN_HEADERS = ("anthropic-", "x-claude-", "x-app", "x-litellm-", "x-api-key")
SCHEMA_WORDS = frozenset(
    re.findall(
        r"\S+",
        """$schema $defs $id $ref type properties required additionalProperties description title default
        enum anyOf oneOf allOf not items minProperties maxProperties patternProperties propertyNames""",
    )
)


def problem(path: str, body: Any, headers: Pairs, also: frozenset[str] = frozenset()) -> str | None:
    """What a strict provider has against a request; None if nothing. ``also``: more fields that it takes."""
    for name, _ in headers:
        if name.lower().startswith(FOREIGN_HEADERS):
            return f"header {name} is not for this provider"
    if not isinstance(body, dict):
        return "the body is not a JSON object"
    body = _without(body, also)
    responses = path.endswith("/responses")
    try:
        _consumed(_adapter(responses, bool(body.get("stream"))).validate_python(body))
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return next(_responses_rules(body) if responses else _chat_rules(body), None)


def _without(body: dict[str, Any], also: frozenset[str]) -> dict[str, Any]:
    """The body without fields that the provider takes besides, its own and those of its messages."""
    made = {name: value for name, value in body.items() if name not in also}
    if also and isinstance(made.get("messages"), list):
        made["messages"] = [
            {name: value for name, value in message.items() if name not in also}
            for message in made["messages"]
        ]
    return made


def _chat_rules(body: dict[str, Any]) -> Iterator[str]:
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "max_tokens and max_completion_tokens together"
    if isinstance(body.get("stop"), list) and len(body["stop"]) > 4:
        yield "more than 4 stop sequences"
    yield from _tool_rules([tool.get("function", {}) for tool in body.get("tools", [])])
    if body.get("tool_choice") and not body.get("tools"):
        yield "tool_choice without tools"
    waiting: list[str] = []
    for number, message in enumerate(body["messages"]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"messages.{number}: a result without a call before it"
            else:
                waiting.remove(message["tool_call_id"])
            parts = message["content"] if isinstance(message["content"], list) else []
            if any(part["type"] != "text" for part in parts):
                yield f"messages.{number}: a tool's result is text"
            continue
        if waiting:
            yield f"messages.{number}: calls {waiting} have no result"
        calls = message.get("tool_calls") or []
        waiting = [call["id"] for call in calls]
        if any(len(identity) > 40 for identity in waiting):
            yield f"messages.{number}: a call's id is longer than 40 characters"
        if not all(NAME.match(call["function"]["name"]) for call in calls):
            yield f"messages.{number}: a call's name is not a tool's name"
        if message["role"] == "assistant" and not calls and not message.get("content"):
            yield f"messages.{number}: an empty answer"
        yield from _content_rules(number, message.get("content"))
    if waiting:
        yield f"calls {waiting} have no result"


def _content_rules(number: int, content: Any) -> Iterator[str]:
    if content in ("", []):
        yield f"messages.{number}: empty content"
    for part in content if isinstance(content, list) else []:
        if part["type"] == "text" and "x-anthropic-billing-header" in part["text"]:
            yield f"messages.{number}: the billing block"
    if isinstance(content, str) and "x-anthropic-billing-header" in content:
        yield f"messages.{number}: the billing block"


def _responses_rules(body: dict[str, Any]) -> Iterator[str]:
    yield from _tool_rules([tool for tool in body.get("tools", []) if tool.get("type") == "function"])
    if "x-anthropic-billing-header" in str(body.get("instructions")):
        yield "the billing block"
    items = body["input"] if isinstance(body.get("input"), list) else []
    made = [item["call_id"] for item in items if item.get("type") == "function_call"]
    given = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    if sorted(made) != sorted(given):
        yield f"calls {made} and results {given} do not match"
    if any(len(identity) > 64 for identity in made):
        yield "a call's id is longer than 64 characters"


def _tool_rules(functions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(functions) > 128:
        yield "more than 128 tools"
    for function in functions:
        if not NAME.match(str(function.get("name"))):
            yield f"tool name {function.get('name')!r}"
        foreign = set(function.get("parameters") or {}) - SCHEMA_WORDS
        if foreign:
            yield f"parameters of {function['name']}: {sorted(foreign)} are not JSON schema"
        if (function.get("parameters") or {"type": "object"}).get("type") != "object":
            yield f"parameters of {function['name']} are not an object"


@cache
def _adapter(responses: bool, stream: bool) -> TypeAdapter[Any]:
    streaming: Any = ResponseCreateParamsStreaming if responses else CompletionCreateParamsStreaming
    whole: Any = ResponseCreateParamsNonStreaming if responses else CompletionCreateParamsNonStreaming
    return TypeAdapter(_closed(streaming if stream else whole))


def _closed(kind: Any) -> Any:
    """The type with every TypedDict in it closed, and its lazily read iterables as lists."""
    return _Closing().close(kind)


class _Closing:
    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def close(self, kind: Any) -> Any:
        """A copy of the type; recursive types refer to their original, closed once."""
        if is_typeddict(kind):
            return self._dict(kind)
        origin, arguments = get_origin(kind), get_args(kind)
        if not arguments:
            return kind
        if origin is not None and origin.__module__ == "collections.abc" and origin.__name__ == "Iterable":
            return list[self.close(arguments[0])]  # type: ignore[misc]
        if origin in (Union, types.UnionType):
            return Union[tuple(self.close(argument) for argument in arguments)]  # noqa: UP007
        if origin is list:
            return list[self.close(arguments[0])]  # type: ignore[misc]
        if origin is dict:
            return types.GenericAlias(dict, (arguments[0], self.close(arguments[1])))
        return kind

    def _dict(self, kind: Any) -> Any:
        if kind in self._made:
            return self._made[kind]
        self._made[kind] = dict[str, Any]
        hints = _hints(kind)
        fields = {name: self._field(kind, name, hint) for name, hint in hints.items()}
        made = TypedDict(kind.__name__, fields)  # type: ignore[misc]
        self._made[kind] = with_config(ConfigDict(extra="forbid"))(made)
        return self._made[kind]

    def _field(self, kind: Any, name: str, hint: Any) -> Any:
        from typing import NotRequired, Required

        closed = self.close(hint)
        return Required[closed] if name in kind.__required_keys__ else NotRequired[closed]


def _hints(kind: Any) -> dict[str, Any]:
    from typing_extensions import get_type_hints

    return get_type_hints(kind, vars(sys.modules[kind.__module__]))


def _consumed(value: Any) -> None:
    """Read what pydantic validates only while it is read."""
    if isinstance(value, Mapping):
        for item in value.values():
            _consumed(item)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            _consumed(item)
