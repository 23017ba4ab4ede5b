"""A count of tokens where the provider's own way to count fails: an estimate, as for all others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import litellm
import orjson

from claude_lens import exact
from claude_lens.capture import host
from claude_lens.capture.asgi import Message, Send
from claude_lens.capture.inflight import InFlight
from claude_lens.wire.parse import parse_object

NOTE = "tokens estimated: the provider could not be asked"
COUNTED = ("system", "messages", "tools")
DATA = re.compile(r'"data":\s?"[A-Za-z0-9+/=]{200,}"')
# What an image of the usual size costs (Anthropic's documentation of vision).
IMAGE_TOKENS = 1600
FAILED = frozenset((400, 404, 405, 501))


class Counting:
    """The server's ``send`` for one count: an answer of a failed attempt is replaced."""

    def __init__(self, flight: InFlight, send: Send) -> None:
        self._flight = flight
        self._send = send
        self._start: Message | None = None
        self._replacing = False

    async def send(self, message: Message) -> None:
        """Pass on LiteLLM's count; an estimate where it has none."""
        if message["type"] == "http.response.start":
            self._replacing = self._is_failure(message["status"])
            if not self._replacing:
                await self._send(message)
            return
        if not self._replacing:
            await self._send(message)
        elif not message.get("more_body", False):
            tokens = await asyncio.to_thread(estimate, parse_object(self._flight.body) or {})
            self._flight.adapted = (*self._flight.adapted, NOTE)
            body = orjson.dumps({"input_tokens": tokens})
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _is_failure(self, status: int) -> bool:
        """Whether the count, and not the request itself, has failed on the way to a provider of others."""
        if status < 500 and status not in FAILED:
            return False
        body = parse_object(self._flight.body) or {}
        name = self._flight.target or self._flight.requested_model
        return isinstance(body.get("messages"), list) and bool(name) and _is_foreign(str(name))


def estimate(request: Mapping[str, Any]) -> int:
    """About how many tokens the prompt of a request has. Takes milliseconds for each 100 KB."""
    text = exact.dump({name: request[name] for name in COUNTED if name in request}).decode("utf-8", "replace")
    bare, images = DATA.subn("", text)
    try:
        counted = litellm.token_counter(model="gpt-4o", text=bare)
    except Exception:
        counted = len(bare) // 4
    return max(1, int(counted)) + images * IMAGE_TOKENS


def _is_foreign(name: str) -> bool:
    found = [entry["litellm_params"]["model"] for entry in host.deployments(name)]
    try:
        return bool(found) and all(host.provider_of(model)[1] != "anthropic" for model in found)
    except Exception:
        return False
