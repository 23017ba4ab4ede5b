from __future__ import annotations

import json

from tests.harness.lens import Lens


def test_every_form(recorded: Lens) -> None:
    query = "SELECT session_id, count(*) AS requests FROM exchanges GROUP BY 1 ORDER BY 2 DESC"
    found = json.loads(recorded.lensctl("sql", query, "--json").stdout)
    assert [set(one) for one in found] == [{"session_id", "requests"}] * 2
    lines = recorded.lensctl("sql", query, "--csv").stdout.splitlines()
    assert lines == ["session_id,requests", *(f"{one['session_id']},{one['requests']}" for one in found)]
    shown = recorded.lensctl("sql", query).stdout
    assert found[0]["session_id"] in shown
    assert "\x1b" not in shown


def test_what_goes_wrong(recorded: Lens) -> None:
    refused = recorded.lensctl("sql", "DELETE FROM sessions")
    assert refused.returncode == 2
    assert "the database does not answer that" in refused.stderr
    assert recorded.lensctl("sql", "SELECT 1", "--csv", "--json").returncode == 2
