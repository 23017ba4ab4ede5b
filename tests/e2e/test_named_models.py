"""A model named in a header, over LiteLLM's real router."""

from __future__ import annotations

import pytest

from claude_lens.capture import named
from tests.e2e.routed import OPENAI_KEY
from tests.harness import Proxy
from tests.replay.conftest import body, text, user
from tests.upstream import Provider, say
from tests.upstream import text as words


@pytest.mark.slow
def test_it_is_answered_by_the_model_that_it_names(mixed: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: say(words("from elsewhere")))
    asked = {**body(user(text("go"))), "max_tokens": 9, "stream": False}
    session = {"x-claude-code-session-id": "55555555-eeee-4000-8000-000000000005"}
    answer = mixed.post(asked, **session, **{"x-claude-lens-model": "openai:gpt-4o-mini"})
    assert answer.status_code == 200, answer.text
    (sent,) = upstream.requests
    assert sent.path.endswith("/chat/completions")
    assert sent.json["model"] == "gpt-4o-mini"
    assert sent.header("authorization") == f"Bearer {OPENAI_KEY}"
    assert sent.header("x-claude-lens-model") is None
    assert answer.json()["content"][0]["text"] == "from elsewhere"
    mixed.settled()
    (one,) = mixed.show(session["x-claude-code-session-id"])["exchanges"]
    assert (one["model"]["provider"], one["route"]["rule"]) == ("openai", named.RULE)
    refused = mixed.post(asked, **{"x-claude-lens-model": "nowhere:x"})
    assert refused.status_code == 400
    assert "unknown provider 'nowhere'" in refused.text
