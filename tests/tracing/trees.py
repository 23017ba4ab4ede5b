"""Spans drawn as a tree, so that a test can say what it expects in the shape that a user sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from claude_lens.tracing.spans import Span

Drawn = tuple[str, list["Drawn"]]


def drawn(spans: Iterable[Span]) -> list[list[Drawn]]:
    """Every trace as nested ``(name, children)``, in order of time.

    Raises AssertionError where a span comes twice, has no parent in its trace, or lasts less than nothing.
    """
    spans = list(spans)
    twice = [hex(span_id) for span_id, count in Counter(span.span_id for span in spans).items() if count > 1]
    assert not twice, f"spans sent twice: {twice}"
    assert all(span.start_ns <= span.end_ns for span in spans)
    traces: dict[int, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start_ns, span.end_ns)):
        traces.setdefault(span.trace_id, []).append(span)
    return [_children(None, trace) for trace in map(_checked, traces.values())]


def _checked(trace: list[Span]) -> list[Span]:
    ids = {span.span_id for span in trace}
    orphans = [span.name for span in trace if span.parent_id is not None and span.parent_id not in ids]
    assert not orphans, f"spans without their parent: {orphans}"
    return trace


def _children(parent: int | None, trace: list[Span]) -> list[Drawn]:
    return [(span.name, _children(span.span_id, trace)) for span in trace if span.parent_id == parent]
