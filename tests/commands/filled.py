"""A home folder of one's own to change, with what ``recorded`` has."""

from __future__ import annotations

from claude_lens.store.sink import open_sink
from tests.commands.conftest import OTHER, exchange
from tests.harness.lens import Lens


def fill(user: Lens) -> Lens:
    """Two sessions of three and one exchanges."""
    user.home.mkdir(mode=0o700)
    sink = open_sink(user.settings)
    for one in (exchange(1), exchange(2), exchange(3), exchange(16, session=OTHER)):
        sink.ended(one)
    sink.close()
    return user
