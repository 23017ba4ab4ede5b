"""The relay changes nothing and keeps everything."""

from __future__ import annotations

import httpx
import pytest

from tests.harness import Tap
from tests.upstream import Provider, always, cut_after, say, text


def test_keeps_both_directions(upstream: Provider) -> None:
    with Tap(upstream.server.port) as tap:
        with httpx.Client(base_url=tap.url) as client:
            first = client.post("/v1/messages?beta=true", json={"stream": True})
            second = client.get("/v1/models", headers={"X-Odd": "y"})
        assert "message_stop" in first.text
        assert second.status_code == 200
        seen, theirs = tap.requests, upstream.requests
        assert [(r.target, r.headers, r.body) for r in seen] == [
            (r.target, r.headers, r.body) for r in theirs
        ]
        (link,) = tap.connections
        assert link.answered.startswith(b"HTTP/1.1 200 OK\r\n")
        assert link.answered.count(b"event: message_stop") == 1


def test_passes_a_cut_on(upstream: Provider) -> None:
    upstream.play(always(cut_after(say(text("hello there")), 3)))
    with Tap(upstream.server.port) as tap, pytest.raises(httpx.RemoteProtocolError):
        httpx.post(tap.url + "/v1/messages", json={"stream": True})
