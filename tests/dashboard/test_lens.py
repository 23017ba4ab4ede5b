"""What the pages find in the application's state."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.testclient import TestClient

from claude_lens.dashboard.gate import Gate
from claude_lens.dashboard.lens import Lens
from claude_lens.settings import Settings
from claude_lens.store.reading.queries import Reader


def test_the_pages_find_all_of_it(client: TestClient, settings: Settings) -> None:
    gate = client.app
    assert isinstance(gate, Gate)
    app = gate._app
    assert isinstance(app, Starlette)
    lens = app.state.lens
    assert isinstance(lens, Lens)
    assert lens.settings is settings
    assert isinstance(lens.reader, Reader)
    assert lens.feed.watchers == 0
    assert lens.access.knows(lens.access.new_cookie())
