"""A session as the real client sends it, for tests of what its cache read."""

from __future__ import annotations

import copy
from typing import Any

from claude_lens.exchange import Cost, Model, Usage
from claude_lens.store.insight.why import Reason, of_exchange, of_session
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make
from tests.store.insight.test_why import MARK, PRICES, Body

READ, WRITE, WRITE_LONG = 1e-6, 1.25e-5, 2e-5
SYSTEM = "You help with everything that there is to do. " * 400
LATER = T0 + 14 * 60
HEAD = 9_700
CACHED = 32_000


def used(read: int, written: int, long: int = 0) -> Usage:
    return Usage(
        input_tokens=5,
        output_tokens=9,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written + long,
        cache_creation_5m_input_tokens=written,
        cache_creation_1h_input_tokens=long,
    )


class Talk:
    """A session as the real client sends it: marks move, prompts and the version change their form."""

    def __init__(self, sink: StoreSink, reader: Reader, make: Make) -> None:
        self.sink, self.reader, self.make = sink, reader, make
        self.messages: list[Any] = []
        self.tools: list[Body] = [
            {"name": name, "description": "x" * 400} for name in ("Bash", "Read", "Grep")
        ]
        self.system, self.suffix, self.at, self.model = SYSTEM, "a1b", T0, "claude-sonnet-4-5"
        self.sent: list[Any] = []

    def body(self, prompt: str) -> Body:
        self.suffix += "x"
        billing = f"x-anthropic-billing-header: cc_version=2.1.332.{self.suffix}; cc_entrypoint=cli;"
        last = {"role": "user", "content": [{"type": "text", "text": prompt, "cache_control": MARK}]}
        return {
            "model": self.model,
            "tools": copy.deepcopy(self.tools),
            "system": [
                {"type": "text", "text": billing},
                {"type": "text", "text": self.system, "cache_control": MARK},
            ],
            "messages": [*copy.deepcopy(self.messages), last],
            "thinking": {"type": "adaptive"},
            "max_tokens": 1000,
        }

    def say(self, prompt: str, usage: Usage, **fields: Any) -> None:
        """One turn; what was said stays in the conversation, in another form."""
        body = fields.pop("body", None) or self.body(prompt)
        model = Model(requested=self.model, routed=self.model)
        told: dict[str, Any] = {
            "session": "s",
            "usage": usage,
            "cost": Cost(usd=0.1, prices=PRICES),
            "model": model,
            "at": self.at,
        }
        one = self.make(
            body,
            {"id": "m", "role": "assistant", "content": [{"type": "text", "text": f"to {prompt}"}]},
            **{**told, **fields},
        )
        self.sink.ended(one)
        self.sent.append(one)
        self.at += 20
        if fields.get("request_class", "main") == "main":
            self.messages += [
                {"role": "user", "content": prompt},
                {"role": "assistant", "content": [{"type": "text", "text": f"to {prompt}"}]},
            ]

    def reasons(self) -> list[Reason]:
        self.sink.flush()
        with self.reader.connect() as connection:
            found = of_session(connection, "s")
            assert [of_exchange(connection, one.id) for one in self.sent] == found
        return found

    def last(self) -> Reason:
        return self.reasons()[-1]
