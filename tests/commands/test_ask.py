from __future__ import annotations

import json

import httpx
import pytest

from claude_lens.proxy import key as keys
from tests.harness.lens import Lens
from tests.harness.proxy import until
from tests.replay.conftest import body, text, user
from tests.upstream import Provider, say
from tests.upstream import text as words

ODD = {
    "metadata": {"user_id": "u"},
    "new_field": [1.50, {"z": 1, "a": None}],
    "thinking": {"type": "adaptive"},
}


@pytest.mark.slow
def test_the_exact_body_again(served: Lens, upstream: Provider) -> None:
    asked = {**body(user(text("what is it?"))), **ODD, "max_tokens": 9}
    session = "44444444-dddd-4000-8000-000000000004"
    headers = {
        "x-api-key": keys.proxy_key(served.settings),
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "one-2025-01-01,two-2025-01-01",
        "x-claude-code-session-id": session,
    }
    upstream.play(lambda _: say(words("it is this")))
    httpx.post(f"{served.url}/v1/messages?beta=true", json=asked, headers=headers, timeout=60)
    (first,) = upstream.requests
    until(lambda: served.lensctl("show", session).returncode == 0, 30, lambda: "not recorded")
    (recorded,) = json.loads(served.lensctl("show", session, "--json").stdout)["exchanges"]
    upstream.play(lambda call: say(words(f"it is that, says {call.body['model']}")))
    done = served.lensctl(
        "ask", recorded["id"], "--model", "claude-haiku-4-5", "--model", "claude-opus-5-5", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    sent = [one for one in upstream.requests if one.path == "/v1/messages"]
    for one, model in zip(sent, ("claude-haiku-4-5", "claude-opus-5-5"), strict=True):
        assert list(one.json) == list(first.json)
        assert one.json == {**first.json, "model": model}
        for name in ("anthropic-beta", "anthropic-version"):
            assert one.header(name) == first.header(name)
    assert told["exchange_id"] == recorded["id"]
    assert [one["model"] for one in told["answers"]] == ["claude-haiku-4-5", "claude-opus-5-5"]
    for one in told["answers"]:
        assert one["response"]["content"][0]["text"] == f"it is that, says {one['model']}"
        assert one["usage"]["output_tokens"] > 0
        assert one["cost_usd"] > 0
        assert one["session_id"] != session
    shown = served.lensctl("ask", recorded["id"])
    assert shown.returncode == 0, shown.stderr
    assert "-it is this" in shown.stdout
    assert "+it is that, says claude-sonnet-4-5" in shown.stdout
    tagged = json.loads(served.lensctl("sessions", "--tag", "ask", "--json").stdout)
    assert len(tagged) == 3
    (again,) = json.loads(served.lensctl("show", session, "--json").stdout)["exchanges"]
    assert again == recorded, "the origin is as it was"
