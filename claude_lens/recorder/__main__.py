"""``python -m claude_lens.recorder [SINK …] --journal FOLDER``: one for each worker of the proxy."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import BinaryIO

from claude_lens import descriptors, memory
from claude_lens.recorder.process import ignore_signals, run
from claude_lens.recorder.sinks import factories
from claude_lens.settings import load
from claude_lens.spool.journal import Journal


def reports() -> BinaryIO:
    """Standard output for the reports alone: what a sink prints goes to standard error."""
    mine = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return mine


def main() -> None:
    """Record what comes on standard input with our own sinks named in the arguments, and all foreign ones."""
    memory.steady()
    descriptors.raise_limit()
    ignore_signals()
    out = reports()
    given = argparse.ArgumentParser()
    given.add_argument("sinks", nargs="*")
    given.add_argument("--journal", type=Path, required=True)
    told = given.parse_args()
    settings, opening = load(), factories(frozenset(told.sinks))
    # Parsed bodies are trees of many containers without a cycle: looking through them finds nothing.
    memory.permanent((50_000, 10, 10))
    run(settings, opening, sys.stdin.buffer, out, Journal(told.journal))


if __name__ == "__main__":
    main()
