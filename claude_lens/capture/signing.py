"""Thoughts that a provider has not signed get a signature of ours, by which they find back to it."""

from __future__ import annotations

import re

from claude_lens import exact
from claude_lens.translation.makers import stamp
from claude_lens.wire.parse import parse_object

BEGINS = re.compile(
    rb'data: \{[^\n]*"content_block_start"[^\n]*"content_block":\s*\{[^\n]*"type":\s*"thinking"'
)
SIGNED = re.compile(rb'"signature":\s*"[^"]')
INDEX = re.compile(rb'"index":\s*(\d+)')
ENDS = b"event: content_block_stop\n"


class Signing:
    """The events of one streamed answer; a block of thinking is signed at its end, unless it was before."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._unsigned = False

    def passed(self, body: bytes) -> bytes:
        """The events as they go on."""
        if not (self._unsigned or b'"thinking"' in body):
            return body
        return b"".join(self._event(event) for event in re.split(rb"(?<=\n\n)", body))

    def _event(self, event: bytes) -> bytes:
        if BEGINS.search(event) or (self._unsigned and b'"signature_delta"' in event):
            self._unsigned = SIGNED.search(event) is None
        elif self._unsigned and event.startswith(ENDS):
            self._unsigned = False
            found = INDEX.search(event)
            delta = {"type": "signature_delta", "signature": stamp(self._maker)}
            told = {"type": "content_block_delta", "index": int(found[1]) if found else 0, "delta": delta}
            return b"event: content_block_delta\ndata: " + exact.dump(told) + b"\n\n" + event
        return event


def signed(body: bytes, maker: str) -> bytes:
    """A whole message with its thoughts signed; the bytes as they are where there is nothing to sign."""
    if b'"thinking"' not in body:
        return body
    message = parse_object(body)
    content = message.get("content") if message else None
    if message is None or not isinstance(content, list):
        return body
    made = [
        {**block, "signature": stamp(maker)}
        if isinstance(block, dict) and block.get("type") == "thinking" and not block.get("signature")
        else block
        for block in content
    ]
    return body if made == content else exact.dump({**message, "content": made})
