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
from claude_lens.store.insight import compare
from claude_lens.store.insight.compare import Side
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

    def note(self, title: str, old: Any, new: Any) -> None:
        """Keep the difference of two elements; None for one that is not there."""
        texts = ["" if value is None else _readable(value)[:_MOST_TEXT] for value in (old, new)]
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
    old, new = compare.side_of("", before), compare.side_of("", after)
    found = [_list(name, old, new) for name in ("messages", "system", "tools")]
    _new_messages(found[0], old, new, ref)
    return [*found, _settings(old.params(), new.params())]


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Part:
    found = Part("Settings")
    for name in (*old, *(name for name in new if name not in old)):
        if name in old and name in new and old[name] == new[name]:
            found.same += 1
            continue
        what = "new" if name not in old else "gone" if name not in new else "changed"
        found.counts[what] = found.counts.get(what, 0) + 1
        found.note(name, old.get(name), new.get(name))
    return found


_NAMES: Final[dict[compare.Part, str]] = {"messages": "Messages", "system": "System", "tools": "Tools"}
_WORDS: Final = {"added": "new", "removed": "gone"}
_TITLES: Final = {"messages": "Message", "system": "System block", "tools": "Tool"}


def _list(name: compare.Part, before: Side, after: Side) -> Part:
    """One list by the rule that ``lensctl diff`` has: what is new, gone, changed or moved in it."""
    found = Part(_NAMES[name])
    ours, theirs = before.elements(name), after.elements(name)
    came = 0
    for pair in compare.pairs(name, before, after):
        what = _WORDS.get(pair.kind, pair.kind)
        found.counts[what] = found.counts.get(what, 0) + 1
        came += pair.kind in ("added", "changed")
        if pair.kind == "moved" or (name == "messages" and pair.kind == "added"):
            continue
        old, new = (
            None if at is None else values[at] for values, at in ((ours, pair.old), (theirs, pair.new))
        )
        place = pair.new if pair.new is not None else pair.old or 0
        title = (
            compare.label("tools", theirs[place] if new is not None else old)
            if name == "tools"
            else place + 1
        )
        found.note(f"{_TITLES[name]} {title}", old, new)
    found.same = max(0, len(theirs) - came - found.counts.get("moved", 0))
    return found


def _new_messages(found: Part, before: Side, after: Side, ref: Ref) -> None:
    """The messages that came, as they read; of many the newest."""
    theirs = _values(after.body.get("messages"))
    came = [pair.new for pair in compare.pairs("messages", before, after) if pair.kind == "added"]
    called = conversation.calls_of(theirs)
    for index in [index for index in came if index is not None][-MOST_ADDED:]:
        message = theirs[index]
        role = str(message.get("role")) if isinstance(message, Mapping) else "message"
        found.added.append((index + 1, role, conversation.sent(message, ref.at(index), f"c-{index}", called)))


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _readable(value: Any) -> str:
    """JSON whose long texts keep their lines, without the cache's marks, which move from turn to turn."""
    return pretty(_unmarked(value)).replace("\\n", "\n")


def _unmarked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _unmarked(item) for key, item in value.items() if key != "cache_control"}
    return [_unmarked(item) for item in value] if isinstance(value, list) else value


routes = [Route("/exchanges/{exchange}/changes", changes)]
