"""A real client before a real proxy and a scripted provider, and what is told of it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claude_lens import settings as setting_table
from claude_lens.store.happened.listing import Told, told
from claude_lens.store.reading.queries import Reader, open_reader
from tests.harness import Proxy


class Watcher:
    """Looks at what the store tells of a session, again and again."""

    def __init__(self, proxy: Proxy) -> None:
        self.reader: Reader = open_reader(setting_table.parse(proxy.environment))

    def newest(self) -> Told | None:
        """The session with the newest exchange."""
        found = told(self.reader, self.reader.sessions(1))
        return found[0] if found else None

    def named(self, session: str) -> Told:
        """A session by its id."""
        return told(self.reader, [self.reader.session(session)])[0]

    def until(self, wanted: Callable[[Told], bool], seconds: float = 30.0) -> Told:
        """The newest session once it is as wanted; raises with what it was where that takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.newest()
            if found is not None and wanted(found):
                return found
            time.sleep(0.05)
        raise AssertionError(self.newest())

    def kind(self, kind: str, seconds: float = 30.0) -> dict[str, Any]:
        """The state of the newest session once it is of this kind."""
        found = self.until(lambda one: bool(one["state"] and one["state"]["kind"] == kind), seconds)
        assert found["state"] is not None
        return dict(found["state"])


@pytest.fixture
def watcher(proxy: Proxy) -> Iterator[Watcher]:
    """Over the store of the shared proxy."""
    made = Watcher(proxy)
    yield made
    made.reader.close()
