"""A request with what its comparison with another needs: body, usage, prices, how long a cache lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from sqlalchemy import RowMapping

from claude_lens import exact
from claude_lens.exchange import Usage
from claude_lens.messages import helpers
from claude_lens.store.bodies import Loader
from claude_lens.store.insight.blocks import marks
from claude_lens.store.insight.compare import Keys, Side, load_side
from claude_lens.store.schema import TOKENS
from claude_lens.wire import pricing

FIVE_MINUTES: Final = 300.0
ONE_HOUR: Final = 3600.0
_VARIES: Final = 1.3
"""Tokens of a part are told from its share of the bytes; texts and JSON differ so much in bytes a token."""


class Sent:
    """An exchange that asked a model: its row, and its request where that was kept."""

    def __init__(
        self, row: RowMapping, loader: Loader, prices: Mapping[str, Any], known: Keys | None = None
    ) -> None:
        self.row, self.prices = row, prices
        told = row["input_tokens"] is not None
        self.usage = Usage(**{name: row[name] or 0 for name in TOKENS}) if told else None
        # One at a time: the loader keeps what requests share.
        bodies = loader.load([row["id"]]).get(row["id"])
        self.side: Side | None = load_side(loader, row["id"], row["exchange_id"], bodies, known)
        headers = bodies.request_headers if bodies is not None else []
        agents = [value for name, value in headers if name.lower() == "user-agent"]
        self._is_claude_code = any(value.startswith("claude-cli/") for value in agents)
        found = ",".join(value for name, value in headers if name.lower() == "anthropic-beta")
        self.betas = sorted({word.strip() for word in found.split(",") if word.strip()})

    @property
    def model(self) -> str | None:
        """The one that answered."""
        name: str | None = self.row["model_routed"] or self.row["model_requested"]
        return name

    @property
    def body(self) -> Mapping[str, Any]:
        """The request; empty where it was not kept."""
        return self.side.body if self.side else {}

    @cached_property
    def helper(self) -> str | None:
        """What the client asked for itself; None for a request of the conversation."""
        if self.row["request_class"] in helpers.BESIDE:
            return str(self.row["request_class"])
        if self.row["request_class"] or not self._is_claude_code:
            return None
        return helpers.helper(self.row["endpoint"], self.body)

    @cached_property
    def head(self) -> tuple[Any, ...] | None:
        """What tells its tools and system from others; None where the request was not kept."""
        return (
            None
            if self.side is None
            else tuple(map(tuple, (self.side.digests["tools"], self.side.digests["system"])))
        )

    @property
    def begins_anew(self) -> bool:
        """Whether the client says that the conversation was compacted before it."""
        return bool(self.row["context_compacted"])

    @cached_property
    def _marks(self) -> list[Any]:
        return list(marks(self.body))

    @cached_property
    def has_marks(self) -> bool:
        """Whether the request says what is to be cached; what was imported does not."""
        return bool(self._marks)

    @property
    def cached(self) -> int:
        """Tokens that the provider's cache held of it afterwards."""
        return (
            0
            if self.usage is None
            else self.usage.cache_read_input_tokens + self.usage.cache_creation_input_tokens
        )

    @property
    def began(self) -> float:
        """When it was sent, in seconds since the epoch."""
        return float(self.row["started_at"])

    @property
    def readable_from(self) -> float:
        """When what it wrote could be read: once the provider had begun to answer."""
        for name in ("ttft_ms", "ttfb_ms", "duration_ms"):
            if self.row[name] is not None:
                return self.began + float(self.row[name]) / 1000
        return self.began

    def lifetime(self, part: str | None = None) -> float | None:
        """Seconds for which what it wrote stays cached, ``part`` of it or all; None where nothing tells."""
        found = list(marks({"content": [self.body.get(part)]})) if part else []
        found = found or self._marks
        if found:
            long = any(isinstance(mark, Mapping) and mark.get("ttl") == "1h" for mark in found)
            return ONE_HOUR if long else FIVE_MINUTES
        if self.usage is not None and self.usage.cache_creation_1h_input_tokens:
            return ONE_HOUR
        return FIVE_MINUTES if self.usage is not None and self.usage.cache_creation_5m_input_tokens else None

    @cached_property
    def head_share(self) -> float:
        """How much of the request are tools and system, by bytes (0 to 1)."""
        head, tail = (
            _size(self.body.get(name) for name in names) for names in (("tools", "system"), ("messages",))
        )
        return head / (head + tail) if head + tail else 0.0

    def kept_by_others(self) -> float:
        """Most tokens of it that others, who have the same tools and system, can have kept in the cache."""
        return 0.0 if self.usage is None else self.usage.prompt_tokens * min(1.0, self.head_share * _VARIES)

    def share_of(self, indexes: Iterable[int]) -> float:
        """How much of the request these of its messages are, by bytes (0 to 1)."""
        listed = self.body.get("messages")
        whole = _size(self.body.get(name) for name in ("tools", "system", "messages"))
        some = [listed[index] for index in indexes] if isinstance(listed, list) else []
        return _size(some) / whole if whole else 0.0

    def extra(self, missed: int) -> float | None:
        """What tokens cost that were not read from the cache, beyond what reading them costs; US dollars.

        They were written to the cache again, or, where less was written than that, sent as plain input.
        """
        usage = self.usage
        rates = pricing.rates(self.prices, usage.prompt_tokens if usage else 0)
        if rates is None or usage is None:
            return None
        short, long = usage.cache_creation_5m_input_tokens, usage.cache_creation_1h_input_tokens
        short = max(short, usage.cache_creation_input_tokens - long)
        written = min(missed, short + long)
        paid = 0.0
        if written:
            rate = short * rates[pricing.CACHE_WRITE_5M] + long * rates[pricing.CACHE_WRITE_1H]
            paid = written * rate / (short + long)
        paid += (missed - written) * rates[pricing.INPUT]
        return paid - missed * rates[pricing.CACHE_READ]


def _size(values: Iterable[Any]) -> int:
    return sum(len(exact.dump(value)) for value in values if value is not None)
