"""Transcripts on disk, line by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from claude_lens.redact import Redactor
from claude_lens.store.transfer.transcripts import Transcript

Opened = Callable[..., Transcript]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """``opened(lines, redactor)``: a transcript of these lines, open until the test ends."""
    with ExitStack() as stack:

        def make(lines: Sequence[Mapping[str, Any] | str], redactor: Redactor | None = None) -> Transcript:
            file = tmp_path / "session.jsonl"
            file.write_text(
                "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
            )
            return stack.enter_context(Transcript(file, redactor=redactor))

        yield make
