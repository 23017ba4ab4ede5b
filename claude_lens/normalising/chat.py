"""OpenAI's chat completions, as many servers speak them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from claude_lens.normalising.calls import Delta, arguments_of
from claude_lens.normalising.dialect import event_bytes
from claude_lens.normalising.framing import DONE
from claude_lens.normalising.problem import problem_in
from claude_lens.normalising.serial import CallBegins, Piece, Serial, Speech
from claude_lens.normalising.tags import ThinkTags

THOUGHT = ("reasoning_content", "reasoning", "reasoning_details", "thinking_blocks")
SPOKEN = (*THOUGHT, "content", "refusal", "tool_calls", "function_call")
CHOICE = ("delta", "message", "finish_reason")


class Chat:
    """A completion's chunks. What they say besides words and calls stays where it was.

    The end is told by a ``finish_reason`` or by ``[DONE]``; it is passed on when nothing can follow it.
    """

    def __init__(self) -> None:
        self.said = False
        self.ended = False
        self.refused = False
        self.usage_told = False
        self._serial = Serial()
        self._tags = ThinkTags()
        self._shell: dict[str, Any] = {}
        self._finish: dict[str, Any] | None = None
        self._usage: dict[str, Any] | None = None
        self._closed = False

    def take(self, event: Any) -> list[dict[str, Any]]:
        """Chunks in which one thing follows the other. Raises :class:`Problem` for an error."""
        if event == DONE:
            self.ended = True
            return self._end()
        if not isinstance(event, Mapping):
            return []
        if (problem := problem_in(event)) is not None:
            raise problem
        shell = {name: value for name, value in event.items() if name not in ("choices", "usage")}
        shell["object"] = "chat.completion.chunk"
        self._shell = self._shell or shell
        self._count(event)
        out: list[dict[str, Any]] = []
        listed = event.get("choices")
        for choice in listed if isinstance(listed, list) else []:
            if isinstance(choice, Mapping) and choice.get("index") in (0, None):
                out += self._choice(choice, shell)
        return out

    def close(self) -> list[dict[str, Any]]:
        """The chunks that close a completion whose body has ended."""
        return self._end() if self.ended else []

    def written(self, event: dict[str, Any]) -> bytes:
        """A chunk as an event."""
        return event_bytes(event)

    def last(self) -> bytes:
        """The sign of the end."""
        return b"data: [DONE]\n\n"

    def _count(self, event: Mapping[str, Any]) -> None:
        usage = event.get("usage")
        groq = event.get("x_groq")
        told = usage or (groq.get("usage") if isinstance(groq, Mapping) else None)
        if isinstance(told, Mapping) and any(told.values()):
            self.usage_told = True
            self._usage = dict(told)

    def _choice(self, choice: Mapping[str, Any], shell: dict[str, Any]) -> list[dict[str, Any]]:
        given, whole = choice.get("delta"), choice.get("message")
        delta = given if isinstance(given, Mapping) else whole if isinstance(whole, Mapping) else {}
        more = {name: value for name, value in choice.items() if name not in CHOICE}
        rest = {name: value for name, value in delta.items() if name not in SPOKEN}
        out: list[dict[str, Any]] = []
        if any(value is not None for value in rest.values()):
            out.append(_chunk(shell, more, rest))
        for piece in self._pieces(delta):
            self.said = True
            out.append(_chunk(shell, more, _delta(piece)))
        if choice.get("finish_reason") or delta is whole:
            self.said = self.ended = True
            self._finish = {"shell": shell, "more": more, "reason": choice.get("finish_reason") or "stop"}
        return out

    def _pieces(self, delta: Mapping[str, Any]) -> Iterable[Piece]:
        thought = {name: delta[name] for name in THOUGHT if delta.get(name)}
        if thought:
            yield from self._serial.say("thought", thought)
        content = delta.get("content")
        if isinstance(content, str):
            yield from self._said(self._tags.feed(content))
        elif content:
            yield from self._serial.say("text", {"content": content})
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self.refused = True
            yield from self._serial.say("text", {"content": refusal})
        calls = delta.get("tool_calls")
        legacy = delta.get("function_call")
        if isinstance(legacy, Mapping):
            calls = [{"index": 0, "function": legacy}]
        for position, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, Mapping):
                yield from self._said(self._tags.close())
                yield from self._serial.call(_call(call, position))

    def _said(self, parts: Iterable[tuple[str, str]]) -> Iterable[Piece]:
        for kind, text in parts:
            name = "content" if kind == "text" else "reasoning_content"
            yield from self._serial.say(kind, {name: text})

    def _end(self) -> list[dict[str, Any]]:
        if self._closed:
            return []
        self._closed = True
        told = self._finish or {"shell": self._shell, "more": {"index": 0}, "reason": "stop"}
        shell, more, reason = told["shell"], told["more"], told["reason"]
        pieces = [*self._said(self._tags.close()), *self._serial.finish()]
        out = [_chunk(shell, more, _delta(piece)) for piece in pieces]
        if self._serial.calls and reason in ("stop", "function_call"):
            reason = "tool_calls"
        out.append(_chunk(shell, more, {}, reason))
        if self._usage is not None:
            out.append({**shell, "choices": [], "usage": self._usage})
        return out


def _call(call: Mapping[str, Any], position: int) -> Delta:
    given = call.get("function")
    function = given if isinstance(given, Mapping) else {}
    index, identity, name = call.get("index"), call.get("id"), function.get("name")
    more = {key: value for key, value in call.items() if key not in ("index", "id", "function", "type")}
    return Delta(
        index=index if isinstance(index, int) else position,
        id=identity if isinstance(identity, str) else "",
        name=name if isinstance(name, str) else "",
        arguments=arguments_of(function.get("arguments")),
        more=more,
    )


def _delta(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, Speech):
        return piece.fields
    if isinstance(piece, CallBegins):
        function = {"name": piece.name, "arguments": ""}
        call = {"index": piece.number, "id": piece.id, "type": "function", "function": function}
        return {"tool_calls": [{**piece.more, **call}]}
    return {"tool_calls": [{"index": piece.number, "function": {"arguments": piece.arguments}}]}


def _chunk(
    shell: dict[str, Any], more: dict[str, Any], delta: dict[str, Any], reason: str | None = None
) -> dict[str, Any]:
    return {**shell, "choices": [{**more, "delta": delta, "finish_reason": reason}]}
