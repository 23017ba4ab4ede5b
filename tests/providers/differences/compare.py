"""In what our way differs from LiteLLM's alone, in words that stay the same from run to run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claude_lens.capture.headers import HOP_BY_HOP
from claude_lens.wire import sse
from tests.conformance.rawhttp import Answered
from tests.upstream import Received

# What a schema or a call holds is the user's own: it is compared whole.
WHOLE = frozenset(
    ("input_schema", "parameters", "parametersJsonSchema", "input", "args", "arguments", "schema")
)
UNTOLD = {name.decode() for name in HOP_BY_HOP} | {"host", "content-length", "date", "server"}
TELLING = ("x-litellm-", "llm_provider-", "x-stainless-")
# LiteLLM's router counts what it has sent: another number each time.
COUNTERS = ("x-ratelimit-",)
SECRETS = ("authorization", "x-api-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class Got:
    """One way's requests to the provider, and its answer to the client."""

    received: tuple[Received, ...]
    answered: Answered


def differences(stock: Got, ours: Got) -> list[str]:
    """Kinds of difference, each ``provider …`` or ``client …``; empty where there is none."""
    return [*_provider(stock.received, ours.received), *_client(stock.answered, ours.answered)]


def _provider(stock: tuple[Received, ...], ours: tuple[Received, ...]) -> Iterator[str]:
    if len(stock) != len(ours):
        yield f"provider asked: {len(stock)} is {len(ours)}"
    if not (stock and ours):
        return
    one, other = stock[-1], ours[-1]
    if one.path != other.path:
        # Another format altogether: its fields compare with nothing.
        yield f"provider path: {one.path} is {other.path}"
        return
    if one.query != other.query:
        yield "provider query"
    yield from _headers("provider header", one.headers, other.headers)
    yield from _paths("provider", one.json, other.json)


def _client(stock: Answered, ours: Answered) -> Iterator[str]:
    if stock.status != ours.status:
        yield f"client status: {stock.status} is {ours.status}"
    if stock.cut != ours.cut:
        yield "client cut: shown" if ours.cut else "client cut: hidden"
    yield from _headers("client header", stock.headers, ours.headers)
    (one, failed), (other, failing) = _message(stock), _message(ours)
    if (failed, failing) != (None, None) and failed != failing:
        yield f"client error: {_kind(failed)} is {_kind(failing)}"
    if one is None or other is None:
        if one is not other:
            yield "client message: lost" if other is None else "client message: added"
        return
    before, after = _shape(one), _shape(other)
    if before != after:
        yield f"client content: {before} is {after}"
    elif _stripped(one) != _stripped(other):
        yield "client content: other words"
    if one.get("stop_reason") != other.get("stop_reason"):
        yield f"client stop_reason: {one.get('stop_reason')} is {other.get('stop_reason')}"
    rest = [{name: value for name, value in told.items() if name not in SEPARATE} for told in (one, other)]
    yield from _paths("client", *rest)


SEPARATE = ("content", "stop_reason", "id")


def _message(answered: Answered) -> tuple[dict[str, Any] | None, Any]:
    """The message and the error that an answer holds."""
    if "event-stream" in (answered.header("content-type") or ""):
        folded = sse.fold(answered.body)
        return folded.message, folded.error
    try:
        told = json.loads(answered.body)
    except ValueError:
        return None, answered.body.decode(errors="replace") or None
    failed = isinstance(told, dict) and ("error" in told or answered.status >= 400)
    return (None, told.get("error", told)) if failed else (told if isinstance(told, dict) else None, None)


def _kind(error: Any) -> str:
    """What a client can tell of an error: its type, and whose words it has."""
    if not isinstance(error, dict):
        return "none" if error is None else "no JSON"
    words = str(error.get("message"))
    wrapped = any(mark in words for mark in ("litellm", "Traceback", "in-stream error", "Exception"))
    return f"{error.get('type')} in {'LiteLLM' if wrapped else 'plain'} words"


def _shape(message: dict[str, Any]) -> str:
    return ", ".join(str(block.get("type")) for block in message.get("content") or []) or "nothing"


def _stripped(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Blocks without what is another one each time, or says the same in another form."""
    return [
        {
            name: value
            for name, value in block.items()
            if name in ("type", "text", "thinking", "name", "input")
        }
        for block in message.get("content") or []
    ]


def _headers(what: str, stock: Any, ours: Any) -> Iterator[str]:
    one, other = _kept(stock), _kept(ours)
    yield from (f"{what} {name} lost" for name in sorted(one.keys() - other.keys()))
    yield from (f"{what} {name} added" for name in sorted(other.keys() - one.keys()))
    changed = (name for name in sorted(one.keys() & other.keys()) if one[name] != other[name])
    yield from (f"{what} {name} changed" for name in changed)


def _kept(pairs: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in ((name.lower(), value) for name, value in pairs):
        prefix = next((prefix for prefix in TELLING if name.startswith(prefix)), None)
        if prefix is not None:
            found[f"{prefix}*"] = "told"
        elif name not in UNTOLD and not name.startswith(COUNTERS):
            found[name] = "a key" if name in SECRETS else value
    return found


def _paths(what: str, stock: Any, ours: Any) -> Iterator[str]:
    one, other = _leaves(stock), _leaves(ours)
    lost, added = one.keys() - other.keys(), other.keys() - one.keys()
    yield from (f"{what} lost {path}" for path in sorted(lost))
    yield from (f"{what} added {path}" for path in sorted(added))
    changed = (path for path in sorted(one.keys() & other.keys()) if one[path] != other[path])
    yield from (f"{what} changed {path}" for path in changed)


def _leaves(value: Any) -> dict[str, list[str]]:
    """The values at each path, in order, elements of a list counted as one path."""
    found: dict[str, list[str]] = {}

    def walk(at: str, value: Any, name: str) -> None:
        if isinstance(value, dict) and value and name not in WHOLE:
            for key, inner in value.items():
                walk(f"{at}.{key}" if at else key, inner, key)
        elif isinstance(value, list) and value and name not in WHOLE:
            for inner in value:
                walk(f"{at}[]", inner, "")
        else:
            found.setdefault(at, []).append(_plain(value, name))

    walk("", value, "")
    return found


def _plain(value: Any, name: str) -> str:
    if name == "arguments" and isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
