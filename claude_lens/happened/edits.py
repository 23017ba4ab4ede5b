"""What a session's tools changed in files: created or not, lines added and removed, edits that failed.

Told by the calls of the editing tools and their results; what a command wrote is not seen. Lines of an edit
are those that differ between its old and its new text; a file that is written over is compared with what the
session read or wrote of it before, where it did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, TypedDict

from claude_lens.messages.calls import Call, Result
from claude_lens.messages.written import without_reminder

EDITING: Final = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit", "str_replace_based_edit_tool"})
"""Tools that change a file that they name."""
READING: Final = frozenset({"Read"})
_PATHS: Final = ("file_path", "notebook_path", "path")
_MOST_LINES: Final = 3000
"""Lines that are compared in order; longer texts by their lines alone."""
_CREATED: Final = ("File created successfully", "New file created")
_NUMBERED: Final = re.compile(r"^ *\d+(?:→|\t|\Z)", re.MULTILINE)


class Change(TypedDict):
    """A file. ``edits`` were carried out, ``failed_edits`` not; lines; the exchanges that asked for them."""

    path: str
    created: bool
    edits: int
    failed_edits: int
    added: int
    removed: int
    exchanges: list[str]


@dataclass(slots=True)
class Changes:
    """Takes calls with their results in the order of time; ``listed`` tells the files, in theirs."""

    _files: dict[str, Change] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def add(self, call: Call, result: Result, exchange: str) -> None:
        """Take a call of a tool that reads or changes files; any other is passed over."""
        given: Any = call.input if isinstance(call.input, Mapping) else {}
        path = next(
            (given[name] for name in ("file_path", "notebook_path", "path") if _text(given, name)), None
        )
        if path is None:
            return
        if call.name in READING:
            if not result.is_error and not given.get("offset") and not given.get("limit"):
                self._known[path] = _NUMBERED.sub("", without_reminder(result.text)[0])
            return
        if call.name not in EDITING or given.get("command") == "view":
            return
        one = self._files.setdefault(
            path,
            Change(path=path, created=False, edits=0, failed_edits=0, added=0, removed=0, exchanges=[]),
        )
        if exchange not in one["exchanges"]:
            one["exchanges"].append(exchange)
        if result.is_error:
            one["failed_edits"] += 1
            return
        one["edits"] += 1
        added, removed = self._lines(call, given, result, path, one)
        one["added"] += added
        one["removed"] += removed

    def _lines(
        self, call: Call, given: Mapping[str, Any], result: Result, path: str, one: Change
    ) -> tuple[int, int]:
        if call.name == "Write" or given.get("command") == "create":
            content = str(given.get("content", given.get("file_text", "")))
            created = result.text.startswith(_CREATED) or call.name != "Write"
            one["created"] |= created and one["edits"] == 1
            before = "" if created else self._known.get(path, "")
            self._known[path] = content
            return differing(before, content)
        if call.name == "NotebookEdit":
            lines = len(str(given.get("new_source", "")).splitlines())
            return (0, 0) if given.get("edit_mode") == "delete" else (lines, 0)
        edits = given.get("edits") if call.name == "MultiEdit" else [given]
        sums = [0, 0]
        for edit in edits if isinstance(edits, Sequence) and not isinstance(edits, str) else []:
            for index, count in enumerate(self._edit(edit, path)):
                sums[index] += count
        return sums[0], sums[1]

    def _edit(self, edit: object, path: str) -> tuple[int, int]:
        if not isinstance(edit, Mapping):
            return 0, 0
        old = str(edit.get("old_string", edit.get("old_str", "")))
        new = str(edit.get("new_string", edit.get("new_str", "")))
        times, known = 1, self._known.get(path)
        if known is not None and old:
            times = max(1, known.count(old)) if edit.get("replace_all") else 1
            self._known[path] = known.replace(old, new, -1 if edit.get("replace_all") else 1)
        added, removed = differing(old, new)
        return added * times, removed * times

    def listed(self) -> list[Change]:
        """The files that an edit was tried on."""
        return list(self._files.values())


def differing(old: str, new: str) -> tuple[int, int]:
    """Lines that are only in the new text, and only in the old one."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > _MOST_LINES:
        gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
        return come.total(), gone.total()
    added = removed = 0
    for kind, begin, end, start, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            removed += end - begin
            added += stop - start
    return added, removed


def _text(given: Mapping[str, Any], name: str) -> bool:
    return isinstance(given.get(name), str) and bool(given[name])
