"""What LiteLLM says of another provider's answer, held to what that provider has said.

::

    start ──▶ held ──the provider answers──▶ passed ──it breaks off──▶ broken: nothing more is passed
                │                               │
                └──it refuses──▶ its status     └──it tells an error──▶ its words, and nothing more
"""

from __future__ import annotations

import re
from typing import Literal

from claude_lens.capture.answers import error_body, error_type
from claude_lens.capture.asgi import Message
from claude_lens.capture.inflight import InFlight
from claude_lens.capture.signing import Signing, signed

EVENT_STREAM = b"text/event-stream"
REPLACED = (b"content-type", b"content-length")
# LiteLLM's first words, which it says before it has asked the provider.
PREAMBLE = re.compile(rb"(event: (message_start|content_block_start|ping)\n|:)")
TURN_ENDS = re.compile(rb'("stop_reason":\s*)"(end_turn|stop_sequence)"')
ERROR = re.compile(rb'(event: error\n|data: \{"error"|data: \{"type": ?"error")')
ENDING = re.compile(
    rb'(event: (error|message_delta|message_stop)\n|data: \{"error"|data: \{"type": ?"error")'
)


class Mending:
    """The messages of one streamed answer of LiteLLM's, as they may go on."""

    def __init__(self, flight: InFlight) -> None:
        self._flight = flight
        self._state: Literal["whole", "one piece", "held", "passed", "refused", "broken", "told"] = "whole"
        self._signing: Signing | None = None
        self._held: list[Message] = []

    @property
    def broken(self) -> bool:
        """Whether the client shall see an answer that is cut."""
        return self._state == "broken"

    def take(self, message: Message) -> list[Message]:
        """What goes on now that LiteLLM has said this."""
        if message["type"] == "http.response.start":
            return self._start(message)
        if self._state == "whole":
            return [message]
        if self._state == "one piece":
            return self._one_piece(message)
        if self._state == "held":
            return self._release(message)
        if self._state in ("refused", "broken"):
            return []
        return self._passed(message)

    def _start(self, message: Message) -> list[Message]:
        headers = dict(message.get("headers", []))
        if self._flight.instead is not None and message["status"] >= 400:
            return self._instead(message, self._flight.instead)
        if EVENT_STREAM not in headers.get(b"content-type", b""):
            if message["status"] < 400:
                self._state, self._held = "one piece", [message]
                return []
            return [message]
        self._signing = Signing(self._flight.maker or "")
        if self._flight.answering:
            self._state = "passed"
            return [message]
        self._state, self._held = "held", [message]
        return []

    def _instead(self, message: Message, body: bytes) -> list[Message]:
        """Our own answer, as if the provider had given it."""
        self._state = "refused"
        kind = b"application/json" if body.startswith(b"{") else EVENT_STREAM
        headers = [pair for pair in message["headers"] if pair[0].lower() not in REPLACED]
        headers += [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        return [
            {**message, "status": 200, "headers": headers},
            {"type": "http.response.body", "body": body, "more_body": False},
        ]

    def _one_piece(self, message: Message) -> list[Message]:
        """An answer that is no stream goes on when all of it is there, since its length may change."""
        self._held.append(message)
        if message.get("more_body"):
            return []
        start, *rest = self._held
        body = signed(b"".join(part.get("body", b"") for part in rest), self._flight.maker or "")
        length = (b"content-length", str(len(body)).encode())
        headers = [length if name.lower() == length[0] else (name, value) for name, value in start["headers"]]
        return [{**start, "headers": headers}, {**message, "body": body}]

    def _release(self, message: Message) -> list[Message]:
        body, flight = message.get("body", b""), self._flight
        if not flight.answering and ERROR.match(body):
            self._state = "refused"
            return self._refusal(body)
        self._held.append(message)
        if not flight.answering and (not body or PREAMBLE.match(body)) and message.get("more_body"):
            return []
        self._state, held = "passed", self._held
        self._held = []
        return [held[0], *(passed for later in held[1:] for passed in self._passed(later))]

    def _refusal(self, event: bytes) -> list[Message]:
        """The provider's own status; where it never came so far as to have one, an error of the server."""
        upstream = self._flight.upstream
        refused = upstream is not None and upstream.status >= 400
        data = event.partition(b"data: ")[2].partition(b"\n")[0]
        headers = [(k, v) for k, v in self._held[0].get("headers", []) if k.lower() != b"content-type"]
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        status = upstream.status if upstream is not None and refused else 500
        return [
            {**self._held[0], "status": status, "headers": headers},
            {"type": "http.response.body", "body": data, "more_body": False},
        ]

    def _passed(self, message: Message) -> list[Message]:
        flight, body = self._flight, message.get("body", b"")
        if self._state == "told":
            return [] if message.get("more_body") else [{**message, "body": b""}]
        if self._signing is not None:
            body = self._signing.passed(body)
        if flight.refused and b"message_delta" in body:
            body = TURN_ENDS.sub(rb'\1"refusal"', body)
        message = {**message, "body": body}
        if not (flight.cut or flight.problem):
            return [message]
        # What came before may still be on its way out; the end that LiteLLM makes up is not passed.
        ending = ENDING.search(body)
        if ending is None and message.get("more_body"):
            return [message]
        before = body[: ending.start()] if ending else body
        if flight.problem is None:
            self._state = "broken"
            return [{**message, "body": before, "more_body": True}] if before else []
        self._state = "told"
        told = error_body(flight.problem.status, flight.problem.message, error_type(flight.problem.status))
        event = b"event: error\ndata: " + told + b"\n\n"
        return [{**message, "body": before + event}]
