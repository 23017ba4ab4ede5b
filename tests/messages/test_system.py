"""The client's own first system block."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.messages import system

BLOCK = "x-anthropic-billing-header: cc_version=2.1.112.81e; cc_entrypoint=cli; cch=00000;"


def test_the_block_tells_version_and_entrypoint() -> None:
    body = {"system": [{"type": "text", "text": BLOCK}]}
    assert system.billing(body) == BLOCK
    assert system.version(BLOCK) == (2, 1, 112)
    assert system.entrypoint(body) == "cli"
    assert not system.says_subagent(BLOCK)
    assert system.says_subagent(BLOCK + " cc_is_subagent=true;")
    assert system.is_billing(body["system"][0])
    assert not system.is_billing({"type": "text", "text": "You are"})


@pytest.mark.parametrize("odd", [None, "words", [], [{}], [{"text": 1}], [None], 7, {}])
def test_without_the_block_nothing_is_told(odd: Any) -> None:
    body = {"system": odd}
    assert system.billing(body) is None
    assert system.entrypoint(body) is None
    assert system.version(None) is None
