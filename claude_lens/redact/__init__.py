"""Secrets out of what is kept: which kinds there are, how they are found, what stands for them."""

from claude_lens.redact.chosen import exchange, read_patterns, redactor
from claude_lens.redact.forms import FORMS
from claude_lens.redact.marks import MARK, mark
from claude_lens.redact.redactor import Redactor

__all__ = ["FORMS", "MARK", "Redactor", "exchange", "mark", "read_patterns", "redactor"]
