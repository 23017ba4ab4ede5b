import asyncio
import json
from typing import Any

from claude_lens.capture.counting import Counting, estimate
from tests.capture.calling import Calling, call
from tests.capture.conftest import Configure, deployment

BODY = {"model": "gem", "messages": [{"role": "user", "content": "one two three"}]}


def counted(status: int, model: str = "gem", body: Any = BODY) -> Calling:
    raw = json.dumps(body).encode()
    calling = call(body=raw, requested_model=model, endpoint="/v1/messages/count_tokens")

    async def run() -> None:
        counting = Counting(calling.flight, calling.send)
        await counting.send({"type": "http.response.start", "status": status, "headers": []})
        await counting.send({"type": "http.response.body", "body": b"LiteLLM's", "more_body": False})

    asyncio.run(run())
    return calling


def test_an_estimate_where_the_provider_cannot_be_asked(configure: Configure) -> None:
    configure([deployment("gem", "gemini/gemini-2.5-pro"), deployment("claude-*", "anthropic/claude-*")])
    for status in (500, 404):
        calling = counted(status)
        assert calling.status == 200
        assert json.loads(calling.body)["input_tokens"] > 2
        assert calling.flight.adapted
    assert counted(200).body == b"LiteLLM's"
    assert counted(401).status == 401
    assert counted(500, "claude-sonnet-4-5").status == 500
    assert counted(404, "nobody").status == 404
    assert counted(400, body={"model": "gem"}).status == 400


def test_an_estimate_counts_images_as_images() -> None:
    few = estimate(BODY)
    source = {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}
    picture = {"role": "user", "content": [{"type": "image", "source": source}]}
    assert few < 60
    assert 1600 <= estimate({**BODY, "messages": [picture]}) < 1800
    assert estimate({}) >= 1
