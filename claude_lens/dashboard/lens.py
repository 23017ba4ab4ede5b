"""What the pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from claude_lens.dashboard.access import Access
from claude_lens.dashboard.feed import Feed
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader


@dataclass(frozen=True, slots=True)
class Lens:
    """Everything of one dashboard: ``request.app.state.lens``."""

    settings: Settings
    reader: Reader
    feed: Feed
    access: Access
