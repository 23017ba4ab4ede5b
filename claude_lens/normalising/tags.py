"""Thinking that a model writes into its text, between tags, told apart from the text."""

from __future__ import annotations

from typing import Literal

TAGS = ("<think>", "<thinking>", "<budget:thinking>")

Kind = Literal["text", "thought"]


class ThinkTags:
    """Only tags at the very beginning count: later on a model may write about them.

    ::

        before ──a tag──▶ inside ──its end──▶ after
          └──────anything else──────────────────▲
    """

    def __init__(self) -> None:
        self._state: Literal["before", "inside", "after"] = "before"
        self._held = ""
        self._end = ""
        self._fresh = False

    def feed(self, text: str) -> list[tuple[Kind, str]]:
        """The text in parts by kind; what may be the beginning of a tag is held back."""
        if self._state == "after" and not self._fresh:
            return [("text", text)] if text else []
        self._held += text
        found: list[tuple[Kind, str]] = []
        if self._state == "before":
            self._begin()
        if self._state == "inside":
            self._inside(found)
        if self._state == "after":
            self._after(found)
        return found

    def close(self) -> list[tuple[Kind, str]]:
        """What was held back."""
        held, self._held = self._held, ""
        kind: Kind = "thought" if self._state == "inside" else "text"
        return [(kind, held)] if held and not (self._fresh and not held.strip()) else []

    def _begin(self) -> None:
        start = self._held.lstrip()
        tag = next((tag for tag in TAGS if start.startswith(tag)), None)
        if tag:
            self._state, self._end = "inside", f"</{tag[1:]}"
            self._held = start.removeprefix(tag)
            self._fresh = True
        elif start and not any(tag.startswith(start) for tag in TAGS):
            self._state = "after"

    def _inside(self, found: list[tuple[Kind, str]]) -> None:
        if self._fresh:
            self._held = self._held.lstrip("\n")
            self._fresh = not self._held
        thought, end, rest = self._held.partition(self._end)
        if end:
            self._held, self._state, self._fresh = rest, "after", True
        else:
            kept = _partial(thought, self._end)
            thought, self._held = thought[: len(thought) - kept], thought[len(thought) - kept :]
        if thought:
            found.append(("thought", thought))

    def _after(self, found: list[tuple[Kind, str]]) -> None:
        # The blank lines between the thought and the answer belong to neither.
        text = self._held.lstrip() if self._fresh else self._held
        if text:
            found.append(("text", text))
            self._held, self._fresh = "", False
        elif not self._fresh:
            self._held = ""


def _partial(text: str, tag: str) -> int:
    """Length of the longest beginning of ``tag`` with which ``text`` ends."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
