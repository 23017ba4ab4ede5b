"""What differs between two requests of an agent: messages, system, tools and settings, each for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard import conversation
from claude_lens.dashboard.blocks import Block, Ref
from claude_lens.dashboard.conversation import Session
from claude_lens.dashboard.differences import Line, difference
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page, pretty
from claude_lens.dashboard.views.exchange import summary_of, whole
from claude_lens.store.reading.turns import Step

_MOST_TEXT: Final = 400_000
MOST_ADDED: Final = 40
"""Messages that are shown as they read; of more, the newest so many."""

CHOICES: Final = 40
"""Earlier exchanges that one may compare with: the newest so many, and the first."""


@dataclass(slots=True)
class Part:
    """One part of two requests. ``added``: number, role and blocks of new messages."""

    name: str
    same: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    added: list[tuple[int, str, list[Block]]] = field(default_factory=list)
    changes: list[tuple[str, list[Line]]] = field(default_factory=list)

    @property
    def words(self) -> str:
        """``2 new, 5 as before``; ``as before`` where nothing differs."""
        told = [f"{count:,} {what}" for what, count in self.counts.items()]
        if not told:
            return "as before"
        return ", ".join([*told, f"{self.same:,} as before"] if self.same else told)

    def note(self, what: str, title: str, old: Any, new: Any) -> None:
        """Count a piece that is ``new``, ``gone`` or ``changed``, and keep its difference."""
        texts = ["" if value is None else _readable(value)[:_MOST_TEXT] for value in (old, new)]
        if texts[0] == texts[1]:
            self.same += 1
            return
        self.counts[what] = self.counts.get(what, 0) + 1
        self.changes.append((title, difference(texts[0], texts[1])))


def changes(request: Request) -> Response:
    """What differs from the exchange ``with``, and which others of the agent one may compare with."""
    lens: Lens = request.app.state.lens
    summary = summary_of(lens, request)
    other = request.query_params.get("with", "")
    with lens.reader.connect() as connection:
        one, before = whole(connection, summary["id"]), whole(connection, other)
        line = Session.read(connection, summary["session_id"]).line(summary["agent"]["id"])
    ref = Ref(f"/exchanges/{one.id}/request", ("messages",))
    return page(
        "changes.html",
        one=summary,
        other=before.id,
        choices=_choices(line, one.id, before.id),
        parts=parts(before.request.json or {}, one.request.json or {}, ref),
    )


def _choices(line: Sequence[Step], one: str, other: str) -> list[tuple[str, int, str]]:
    """Id, number and time of the exchanges before ``one``; ``other`` is always among them."""
    found: list[tuple[str, int, str]] = []
    number = 0
    for step in line:
        summary = step.summary
        if summary["id"] == one:
            break
        side = conversation.is_side(step)
        number += not side
        if not side or summary["id"] == other:
            found.append((summary["id"], number, summary["started_at"]))
    kept = found[-CHOICES:]
    return [choice for choice in found if choice in kept or choice[0] == other or choice is found[0]]


def parts(before: Mapping[str, Any], after: Mapping[str, Any], ref: Ref) -> list[Part]:
    """The differences of two bodies; ``ref`` is where the messages of ``after`` can be asked for."""
    lists = ("messages", "system", "tools")
    old, new = ({k: v for k, v in body.items() if k not in lists} for body in (before, after))
    settings = Part("Settings")
    for name in (*old, *(name for name in new if name not in old)):
        what = "new" if name not in old else "gone" if name not in new else "changed"
        settings.note(what, name, old.get(name), new.get(name))
    return [_messages(before, after, ref), _system(before, after), _tools(before, after), settings]


def _messages(before: Mapping[str, Any], after: Mapping[str, Any], ref: Ref) -> Part:
    found = Part("Messages")
    ours, theirs = _pieces(before.get("messages")), _pieces(after.get("messages"))
    for index, (old, new) in enumerate(zip(ours, theirs, strict=False)):
        found.note("changed", f"Message {index + 1}", old, new)
    for index, old in enumerate(ours[len(theirs) :], len(theirs)):
        found.note("gone", f"Message {index + 1}", old, None)
    if len(theirs) > len(ours):
        found.counts["new"] = len(theirs) - len(ours)
    called = conversation.calls_of(theirs)
    for index in range(max(len(ours), len(theirs) - MOST_ADDED), len(theirs)):
        message = theirs[index]
        role = str(message.get("role")) if isinstance(message, Mapping) else "message"
        found.added.append((index + 1, role, conversation.sent(message, ref.at(index), f"c-{index}", called)))
    return found


def _system(before: Mapping[str, Any], after: Mapping[str, Any]) -> Part:
    found = Part("System")
    ours, theirs = _pieces(before.get("system")), _pieces(after.get("system"))
    for index in range(max(len(ours), len(theirs))):
        old = ours[index] if index < len(ours) else None
        new = theirs[index] if index < len(theirs) else None
        what = "new" if old is None else "gone" if new is None else "changed"
        found.note(what, f"System block {index + 1}", old, new)
    return found


def _tools(before: Mapping[str, Any], after: Mapping[str, Any]) -> Part:
    """By their names: one that is put in before others changes none of those."""
    found = Part("Tools")
    ours, theirs = _named(before.get("tools")), _named(after.get("tools"))
    for name in (*ours, *(name for name in theirs if name not in ours)):
        what = "new" if name not in ours else "gone" if name not in theirs else "changed"
        found.note(what, f"Tool {name}", ours.get(name), theirs.get(name))
    return found


def _named(value: Any) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for tool in _pieces(value):
        name = str(tool.get("name") or tool.get("type")) if isinstance(tool, Mapping) else "?"
        named[name if name not in named else f"{name} {len(named)}"] = tool
    return named


def _pieces(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _readable(value: Any) -> str:
    """JSON whose long texts keep their lines, without the cache's marks, which move from turn to turn."""
    return pretty(_unmarked(value)).replace("\\n", "\n")


def _unmarked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _unmarked(item) for key, item in value.items() if key != "cache_control"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value


routes = [Route("/exchanges/{exchange}/changes", changes)]
