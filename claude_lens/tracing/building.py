"""A tree of spans as settings and environment ask for it."""

from __future__ import annotations

from claude_lens.redact import redactor
from claude_lens.settings import Settings
from claude_lens.tracing.bounds import Collector, Redact
from claude_lens.tracing.hiding import environment_hiding
from claude_lens.tracing.tree import Lookup, Tree


def redaction(settings: Settings) -> Redact:
    """The redaction that the store applies to bodies, as the settings ask for it."""
    chosen = redactor(settings)
    return str if chosen is None else chosen.text


def build_tree(settings: Settings, lookup: Lookup | None) -> Tree:
    """A tree that hides and redacts as the environment asks for."""
    hiding, redact = environment_hiding(), redaction(settings)
    return Tree(
        collector=lambda: Collector(hiding, redact), lookup=lookup, with_schemas=settings.trace_schemas
    )
