from __future__ import annotations

import pytest

from claude_lens import exact
from claude_lens.errors import UserError
from claude_lens.replay.asking import ask, changed, credentials, words
from claude_lens.replay.live import Way
from claude_lens.store.reading.queries import Reader
from tests.replay.conftest import ASKED, BASH, text


def test_nothing_but_model_and_effort_changes() -> None:
    (body,) = ASKED[:1]
    assert changed(body, str(body["model"]), None) == exact.dump(body)
    other = exact.load(changed(body, "other", "low"))
    assert list(other) == list(body)
    assert other == {**body, "model": "other", "output_config": {"effort": "low"}}


def test_what_pays() -> None:
    headers = {"ANTHROPIC_CUSTOM_HEADERS": "x-claude-lens-project: /p\nx-mine: 1"}
    found = credentials(Way("http://x", "key", {**headers, "ANTHROPIC_API_KEY": "sk"}))
    assert found == {
        "x-litellm-api-key": "key",
        "x-claude-lens-project": "/p",
        "x-mine": "1",
        "x-api-key": "sk",
    }
    login = Way("http://x", "key", {"CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat", "ANTHROPIC_API_KEY": ""})
    assert credentials(login)["authorization"] == "Bearer sk-ant-oat"
    with pytest.raises(UserError, match="nothing at hand pays"):
        credentials(Way("http://x", "key", {}))


def test_words() -> None:
    assert words({"content": [text("a\nb"), BASH]}) == ["a", "b", 'calls Bash {"command":"ls"}']
    assert words({"type": "error", "error": {"message": "no"}}) == ["error: no"]
    assert words(None) == []


def test_nothing_to_send(stored: Reader) -> None:
    with pytest.raises(UserError, match="no exchange"):
        ask(stored, "nosuch", [], None)
