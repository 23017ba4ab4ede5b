"""OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.normalising.dialect import event_bytes
from claude_lens.normalising.framing import DONE
from claude_lens.normalising.problem import Problem, problem_in

Event = dict[str, Any]
ENDS = ("response.completed", "response.incomplete")
PREAMBLE = ("response.created", "response.queued", "response.in_progress")
CALL = "response.function_call_arguments"
TEXT = "response.output_text"
REFUSAL = "response.refusal"
# What an item's event in full calls that which its deltas have said.
WHOLE_OF = {CALL: "arguments", TEXT: "text"}


class Responses:
    """Events of one output item after the other, everything in them said by deltas too.

    A refusal is text of which is known that it refuses. The end is told by the event that holds the whole
    response.
    """

    def __init__(self) -> None:
        self.said = False
        self.ended = False
        self.refused = False
        self.usage_told = False
        self._added: set[int] = set()
        self._done: set[int] = set()
        self._said: set[tuple[int, str]] = set()
        self._current: int | None = None
        self._waiting: dict[int, list[Event]] = {}

    def take(self, event: Any) -> list[Event]:
        """Events in order. Raises :class:`Problem` for an error."""
        if event == DONE or not isinstance(event, Mapping):
            return []
        kind, response = str(event.get("type") or ""), event.get("response")
        if not kind and isinstance(event.get("output"), list):
            return self._from_whole(event)
        if kind == "error" or (not kind and event.get("error")):
            raise problem_in(event) or Problem(500, "the provider failed")
        if kind == "response.failed":
            raise problem_in(response if isinstance(response, Mapping) else {}) or Problem(
                500, "the provider failed"
            )
        self.said = self.said or kind not in PREAMBLE
        if kind in ENDS and isinstance(response, Mapping):
            told = self._without_refusals(response)
            return [*self._flush(), *self._missing(told), {**event, "response": told}]
        index = event.get("output_index")
        return self._in_turn(dict(event), index) if isinstance(index, int) else [dict(event)]

    def close(self) -> list[Event]:
        """Nothing is held back once the end was seen."""
        return []

    def written(self, event: Event) -> bytes:
        """An event under its name."""
        return event_bytes(event, str(event.get("type") or ""))

    def last(self) -> bytes:
        """Nothing marks the end."""
        return b""

    def _from_whole(self, body: Mapping[str, Any]) -> list[Event]:
        """A response that came in one piece, as the events that it stands for."""
        if body.get("status") == "failed":
            return self.take({"type": "response.failed", "response": body})
        begun = {**body, "status": "in_progress", "output": [], "usage": None}
        end = "response.incomplete" if body.get("status") == "incomplete" else "response.completed"
        return [
            *self.take({"type": "response.created", "response": begun}),
            *self.take({"type": end, "response": dict(body)}),
        ]

    def _in_turn(self, event: Event, index: int) -> list[Event]:
        if self._current is None:
            self._current = index
        if index != self._current:
            self._waiting.setdefault(index, []).append(event)
            return []
        out = self._filled(event, index)
        while self._current in self._done and self._waiting:
            self._current = min(self._waiting)
            for waiting in self._waiting.pop(self._current):
                out += self._filled(waiting, self._current)
        if self._current in self._done:
            self._current = None
        return out

    def _flush(self) -> list[Event]:
        out: list[Event] = []
        for index in sorted(self._waiting):
            for event in self._waiting.pop(index):
                out += self._filled(event, index)
        return out

    def _filled(self, event: Event, index: int) -> list[Event]:
        """The event, and before it the deltas that should have said what it holds in full."""
        event = self._as_text(event)
        kind, before = str(event.get("type") or ""), []
        family, _, phase = kind.rpartition(".")
        if kind == "response.output_item.added":
            self._added.add(index)
        elif kind == "response.output_item.done":
            before = self._item(event.get("item"), index, deltas_only=True)
            self._done.add(index)
        elif family in WHOLE_OF and phase == "delta":
            self._said.add((index, family))
        elif family in WHOLE_OF and phase == "done":
            before = self._delta(family, event.get(WHOLE_OF[family]), index, event)
        return [*before, event]

    def _delta(self, family: str, whole: object, index: int, where: Mapping[str, Any]) -> list[Event]:
        if (index, family) in self._said or not isinstance(whole, str) or not whole:
            return []
        self._said.add((index, family))
        place = {name: where[name] for name in ("item_id", "content_index") if name in where}
        return [{"type": f"{family}.delta", "output_index": index, **place, "delta": whole}]

    def _missing(self, response: Mapping[str, Any]) -> list[Event]:
        """Events for items that only the whole response tells of."""
        self.ended = True
        usage = response.get("usage")
        self.usage_told = isinstance(usage, Mapping) and any(usage.values())
        output = response.get("output")
        out: list[Event] = []
        for index, item in enumerate(output if isinstance(output, list) else []):
            if index not in self._done and isinstance(item, Mapping):
                out += self._item(item, index)
        return out

    def _item(self, item: object, index: int, *, deltas_only: bool = False) -> list[Event]:
        if not isinstance(item, Mapping):
            return []
        out: list[Event] = []
        place = {"item_id": item.get("id"), "content_index": 0}
        if index not in self._added:
            self._added.add(index)
            empty: Event = {"arguments": ""} if item.get("type") == "function_call" else {"content": []}
            bare = {**item, **empty}
            out.append({"type": "response.output_item.added", "output_index": index, "item": bare})
        if item.get("type") == "function_call":
            out += self._delta(CALL, item.get("arguments"), index, place)
        content = item.get("content")
        for part in content if isinstance(content, list) and item.get("type") == "message" else []:
            if isinstance(part, Mapping):
                out += self._delta(TEXT, part.get("text"), index, place)
        if not deltas_only:
            out.append({"type": "response.output_item.done", "output_index": index, "item": dict(item)})
        return out

    def _as_text(self, event: Event) -> Event:
        """The event; what refuses in it as text."""
        kind = str(event.get("type") or "")
        if kind.startswith(REFUSAL):
            self.refused = True
            named = {"text" if name == "refusal" else name: value for name, value in event.items()}
            return {**named, "type": kind.replace(REFUSAL, TEXT)}
        if isinstance(event.get("part"), Mapping):
            return {**event, "part": self._part(event["part"])}
        return {**event, "item": self._spoken(event["item"])} if "item" in event else event

    def _without_refusals(self, response: Mapping[str, Any]) -> Event:
        output = response.get("output")
        return {
            **response,
            "output": [self._spoken(item) for item in output] if isinstance(output, list) else [],
        }

    def _spoken(self, item: Any) -> Any:
        content = item.get("content") if isinstance(item, Mapping) else None
        if not isinstance(content, list):
            return item
        return {**item, "content": [self._part(part) for part in content]}

    def _part(self, part: Any) -> Any:
        if not isinstance(part, Mapping) or part.get("type") != "refusal":
            return part
        self.refused = True
        return {"type": "output_text", "text": part.get("refusal") or "", "annotations": []}
