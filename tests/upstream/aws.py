"""Claude on Amazon Bedrock: Anthropic's events inside of AWS's event stream."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from tests.upstream import anthropic
from tests.upstream.blocks import FEW, Block, Tokens
from tests.upstream.server import Answer, Received

STREAM = "/invoke-with-response-stream"


def speaks(path: str) -> bool:
    """Whether a path is one of Bedrock's."""
    return path.startswith("/model/") and path.endswith((STREAM, "/invoke"))


def problem(body: Any) -> str | None:
    """What Bedrock has against a request; None if nothing. Source: its reference of Anthropic's models."""
    if not str(body.get("anthropic_version", "")).startswith("bedrock-"):
        return "no anthropic_version"
    foreign = {"model", "stream"} & set(body)
    return f"fields {sorted(foreign)}" if foreign else None


def answer(request: Received, blocks: Sequence[Block], tokens: Tokens = FEW) -> Answer:
    """A message in the form asked for by the path."""
    message = anthropic.whole(request, blocks, tokens, None)
    message["model"] = unquote(request.path.split("/")[2])
    if not request.path.endswith(STREAM):
        return Answer(200, (("content-type", "application/json"),), (anthropic.dump(message),), "length")
    frames = [frame(event) for _, event in anthropic.events(message, blocks)]
    return Answer(200, (("content-type", "application/vnd.amazon.eventstream"),), frames)


def frame(event: dict[str, Any]) -> bytes:
    """One message of the event stream: lengths, headers, payload, each with its checksum."""
    payload = anthropic.dump({"bytes": base64.b64encode(anthropic.dump(event)).decode()})
    named = ((":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event"))
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in named
    )
    prelude = struct.pack("!II", len(headers) + len(payload) + 16, len(headers))
    start = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + payload
    return start + struct.pack("!I", binascii.crc32(start))
