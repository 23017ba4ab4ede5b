"""Two texts side by side as lines that went, came and stayed, with what changed inside a line marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from markupsafe import Markup, escape

from claude_lens.dashboard import text

MOST_LINES: Final = 1_500
LONGEST_LINE: Final = 600
CONTEXT: Final = 3
_SIMILAR: Final = 0.35
_NOTHING: Final = Markup("")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference; ``gap`` stands for ``count`` lines that stayed and are not shown."""

    kind: Literal["same", "del", "add", "gap"]
    html: Markup = _NOTHING
    count: int = 0


def difference(old: str, new: str, context: int = CONTEXT) -> list[Line]:
    """From ``old`` to ``new``. Long texts are compared by their first 1,500 lines; the rest is a gap."""
    if new.endswith("\n") and (not old or old.endswith("\n")):
        # The last line's end is no line of its own.
        old, new = old[:-1], new[:-1]
    before, after = (text.clean(part).split("\n") if part else [] for part in (old, new))
    over = max(len(before) - MOST_LINES, len(after) - MOST_LINES, 0)
    before, after = before[:MOST_LINES], after[:MOST_LINES]
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > 300)
    lines: list[Line] = []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            lines += [Line("same", _plain(line)) for line in before[start:end]]
        else:
            lines += _changed(before[start:end], after[new_start:new_end])
    lines = list(_folded(lines, context))
    return [*lines, Line("gap", count=over)] if over else lines


def _changed(before: list[str], after: list[str]) -> list[Line]:
    pairs = [_pair(*both) for both in zip(before, after, strict=False)] if len(before) == len(after) else []
    if pairs and all(pairs):
        return [pair[0] for pair in pairs if pair] + [pair[1] for pair in pairs if pair]
    return [Line("del", _plain(line)) for line in before] + [Line("add", _plain(line)) for line in after]


def _pair(old: str, new: str) -> tuple[Line, Line] | None:
    """Both lines with the characters marked that differ; None where they have little in common."""
    if len(old) > LONGEST_LINE or len(new) > LONGEST_LINE:
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _SIMILAR:
        return None
    went, came = Markup(""), Markup("")
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        gone, here = old[start:end], new[new_start:new_end]
        went += escape(gone) if tag == "equal" else Markup("<del>{}</del>").format(gone) if gone else ""
        came += escape(here) if tag == "equal" else Markup("<ins>{}</ins>").format(here) if here else ""
    return Line("del", went), Line("add", came)


def _plain(line: str) -> Markup:
    shown, left = text.cut(line, LONGEST_LINE)
    return escape(shown) + (Markup("<small> … {:,} more characters</small>").format(left) if left else "")


def _folded(lines: list[Line], context: int) -> Iterator[Line]:
    near: set[int] = set()
    for index, line in enumerate(lines):
        if line.kind != "same":
            near.update(range(index - context, index + context + 1))
    hidden = 0
    for index, line in enumerate(lines):
        if index in near:
            if hidden:
                yield Line("gap", count=hidden)
            hidden = 0
            yield line
        else:
            hidden += 1
    if hidden:
        yield Line("gap", count=hidden)
