from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.redis import MISSING, PROGRAM, Redis


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_it_starts_empty_and_ends(tmp_path: Path) -> None:
    with Redis(tmp_path) as redis:
        assert redis.says("PING") == "+PONG\r\n"
        assert redis.says("DBSIZE") == ":0\r\n"
    assert redis.says("PING") == ""
