"""Working out ahead what happened and was wasted in sessions that are quiet, so that no page has to wait.

``python -m claude_lens.findings.ahead`` is started beside the recorder. Each session is kept in a transaction
of its own: it may be stopped at any moment and goes on from there.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final

from claude_lens import settings as setting_table
from claude_lens.errors import LensError
from claude_lens.findings.kept import keep
from claude_lens.findings.look import stale
from claude_lens.store import database
from claude_lens.store.maintenance.digest import QUIET
from claude_lens.store.maintenance.digest import work_out as digest_all
from claude_lens.store.maintenance.upkeep import opened, reading
from claude_lens.store.reading.filters import Filter

YIELDS: Final = 10
"""How much it gives way to what answers a client: the system's ``nice``."""


def work_out(url: str) -> int:
    """Work out what waits; how many sessions that were, those with a digest and those looked through.

    Raises :class:`StoreError`.
    """
    done = digest_all(url)
    with opened(database.parse(url)) as engine, reading(engine) as connection:
        quiet = time.time() - QUIET
        rows = [row for row in stale(connection, Filter()) if row.last_at < quiet]
    if rows:
        keep(url, rows)
    return done + len(rows)


def main() -> int:
    """What the recorder starts now and then."""
    if hasattr(os, "nice"):
        os.nice(YIELDS)
    try:
        work_out(setting_table.load().database_url)
    except LensError as error:
        print(f"claude-lens: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
