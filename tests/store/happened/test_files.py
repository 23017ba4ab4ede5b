"""Files that the real client changed, by what it and the disk say."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.store.happened.files import changes
from tests.harness import Claude, Proxy
from tests.store.happened.conftest import Watcher
from tests.upstream import Provider, say, text, tool_use, turns


@pytest.mark.parametrize("lane", ["auto"], indirect=True)
def test_edits_of_the_real_client(proxy: Proxy, upstream: Provider, watcher: Watcher, tmp_path: Path) -> None:
    claude = Claude(tmp_path / "client", upstream.url, proxy)
    known, fresh = claude.cwd / "known file.py", claude.cwd / "fresh.py"
    known.write_text("one\ntwo\nthree\n")
    upstream.play(
        turns(
            say(tool_use("Read", {"file_path": str(known)})),
            say(
                tool_use("Edit", {"file_path": str(known), "old_string": "two", "new_string": "2\n2.5"}),
                tool_use("Write", {"file_path": str(fresh), "content": "a\nb\n"}),
            ),
            say(tool_use("Edit", {"file_path": str(known), "old_string": "nowhere", "new_string": "x"})),
            say(tool_use("Write", {"file_path": str(known), "content": "one\n2\nthree\n"})),
            say(text("done")),
        )
    )
    run = claude.run("change files")
    assert run.code == 0
    proxy.settled()
    with watcher.reader.connect() as connection:
        found = changes(connection, run.json["session_id"])
    assert known.read_text() == "one\n2\nthree\n"
    by_path = {Path(one["path"]).name: one for one in found}
    one, other = by_path["known file.py"], by_path["fresh.py"]
    assert (one["created"], one["edits"], one["failed_edits"]) == (False, 2, 1)
    assert (one["added"], one["removed"], len(one["exchanges"])) == (2, 2, 3)
    assert (other["created"], other["edits"], other["added"], other["removed"]) == (True, 1, 2, 0)
    told = watcher.named(run.json["session_id"])
    assert told["files_changed"] == 2
