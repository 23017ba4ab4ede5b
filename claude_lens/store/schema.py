"""The tables. Migrations in ``migrations/versions`` make them; a test compares the two.

``exchanges`` is slim, so that lists never touch a body; ``payloads`` says where the bodies are: tips of
chains and contents. Times are seconds since the epoch (UTC), costs US dollars. Text is compared by bytes, on
PostgreSQL too (collation ``C``): ids are found by their beginnings, whatever the server's language.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from claude_lens.store.tables import Count as Count
from claude_lens.store.tables import Key as Key
from claude_lens.store.tables import answers as answers
from claude_lens.store.tables import metadata as metadata
from claude_lens.store.tables import transcripts as transcripts

HEAD: Final = "0011"
"""The newest migration: what this version of claude-lens reads and writes."""

VERSION_TABLE: Final = "schema_version"

ROOT_NODE: Final = 0


def _where(condition: str) -> dict[str, Any]:
    # Only SQLite's tables are ever made from here; naming PostgreSQL would import its dialect for everyone.
    return {"sqlite_where": text(condition)}


meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))
"""``generation``: changes whenever rows are deleted, so that writers forget which ids they know.

``top_TABLE``: the greatest id that a deleted row of a table had, so that none is given out twice.
``rewritten``: changes whenever an exchange that had ended gets other references.
``scrubbing``: only while the digests of whole requests are behind their contents.
``identifying``: only while an earlier version's contents are looked through for what is the same in another
form; the last that was, and the last that is to be (``maintenance/identify.py``).
``indexing``: only while the search index is made anew, newest first; the last content that is not in it yet,
and the last that was to be (``maintenance/reindex.py``).
"""

contents = Table(
    "contents",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("codec", SmallInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Each piece of content once: its digest, and its bytes (``size`` unpacked) as ``content.pack`` left them."""

nodes = Table(
    "nodes",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("parent_id", Key, ForeignKey("nodes.id"), nullable=False),
    Column("content_id", Key, ForeignKey("contents.id"), nullable=True),
    UniqueConstraint("parent_id", "content_id"),
)
"""Steps of chains: an element after its parent. Node 0 is the empty list; it is its own parent."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("session_id", String, nullable=False, unique=True),
    Column("title", Text),
    Column("title_rank", SmallInteger, nullable=False),
    Column("project", Text),
    Column("branch", Text),
    Column("started_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Index(None, "last_at"),
)
"""``last_at`` is the start of the newest exchange. ``title_rank``: see ``titles``."""

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("exchange_id", String, nullable=False, unique=True),
    Column("session", Key, ForeignKey("sessions.id"), nullable=False),
    Column("worker", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("status", String, nullable=False),
    Column("http_status", SmallInteger),
    Column("error", Text),
    Column("lane", String, nullable=False),
    Column("prompt_id", String),
    Column("request_class", String),
    Column("compaction", String),
    Column("context_compacted", String),
    Column("project", Text),
    Column("branch", Text),
    Column("agent_id", String),
    Column("agent_parent_id", String),
    Column("agent_type", String),
    Column("agent_name", String),
    Column("model_requested", String),
    Column("model_routed", String),
    Column("provider", String),
    Column("started_at", Double, nullable=False),
    Column("ttfb_ms", Double),
    Column("ttft_ms", Double),
    Column("duration_ms", Double),
    Column("input_tokens", Count),
    Column("output_tokens", Count),
    Column("cache_read_input_tokens", Count),
    Column("cache_creation_input_tokens", Count),
    Column("cache_creation_5m_input_tokens", Count),
    Column("cache_creation_1h_input_tokens", Count),
    Column("cost_usd", Double),
    Column("cost_requested_usd", Double),
    Column("cost_parts", Text),
    Column("stop_reason", String),
    Column("request_id", String),
    Column("traceparent", String),
    Column("tool_durations", Text),
    Column("facts", Key, ForeignKey("contents.id")),
    Index(None, "session", "started_at"),
    Index(None, "started_at"),
    Index(None, "model_routed", "started_at"),
    Index(None, "project", "started_at"),
    Index(None, "cost_usd"),
    Index(None, "duration_ms"),
    # Most exchanges are the main agent's, and went well: no index needs those.
    Index("ix_exchanges_agent_type", "agent_type", "started_at", **_where("agent_type IS NOT NULL")),
    Index("ix_exchanges_agent_name", "agent_name", "started_at", **_where("agent_name IS NOT NULL")),
    Index("ix_exchanges_failed", "status", "started_at", **_where("status <> 'ok'")),
    Index("ix_exchanges_running", "status", **_where("status = 'running'")),
)
"""One row an exchange. ``facts`` is a JSON content of what hardly differs (``rows.FACTS``).

``cost_parts`` is JSON, see ``parts.py``; null where one model took everything.
"""

payloads = Table(
    "payloads",
    metadata,
    Column("exchange", Key, ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("query", Text),
    Column("request_headers", LargeBinary),
    Column("request_raw", Key, ForeignKey("contents.id")),
    Column("params", Key, ForeignKey("contents.id")),
    Column("system", Key, ForeignKey("nodes.id")),
    Column("tools", Key, ForeignKey("nodes.id")),
    Column("messages", Key, ForeignKey("nodes.id")),
    Column("shape", LargeBinary),
    Column("digest", LargeBinary),
    Column("response_headers", LargeBinary),
    Column("response_raw", Key, ForeignKey("contents.id")),
    Column("response_message", Key, ForeignKey("contents.id")),
    Column("response_rest", LargeBinary),
)
"""Where the bodies of an exchange are; no row with ``CLAUDE_LENS_BODIES=off``.

``request_raw`` and ``response_raw`` are bytes that are no JSON object. ``shape`` is JSON, ``[marks, single]``
of ``chain.Parts``; ``digest`` is that of the whole body. The answer is ``response_rest`` (JSON, null where
role and content were) with ``response_message``, also the next request's element when it is sent back.
Of another API ``response_rest`` is the whole answer, and ``response_message`` a reading of it
(``claude_lens.messages.foreign``); so are ``messages`` where ``params`` has no place for them.
Columns of bytes without a content are made by ``content.pack_blob``.
References to contents and nodes have no index: only pruning asks who refers to one, and it sweeps all.
"""

streams = Table(
    "streams",
    metadata,
    Column("exchange", Key, ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("codec", SmallInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary),
)
"""The event stream of an answer as the client got it: ``size`` bytes, as ``streams.pack`` left them.

``data`` is null where a stream came and was not kept; ``codec`` then tells why (``streams.WHY``). No row
where there was none, or with ``CLAUDE_LENS_STREAMS=off``.
"""

plan_readings = Table(
    "plan_readings",
    metadata,
    Column("exchange", Key, ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("window", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("used", Double, nullable=False),
    Column("resets_at", Double),
    Column("status", String),
    Column("representative", SmallInteger, nullable=False),
    Index(None, "account", "window", "at"),
    sqlite_with_rowid=False,
)
"""What an answer told of a subscription's windows (``5h``, ``7d``), for the whole account.

``used`` is a part of 1 as the provider rounds it, ``at`` when the answer's headers came. ``account`` is empty
where the request named none; ``representative`` is 1 for the window that the provider calls the tightest.
"""

tags = Table(
    "tags",
    metadata,
    Column("session", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("tag", String, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "key"),
    sqlite_with_rowid=False,
)
"""What a person called a session, and when. ``key`` is the tag without its case (``rows.key_of``)."""

sizes = Table(
    "sizes",
    metadata,
    Column("day", Count, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("exchanges", BigInteger, nullable=False),
)
"""How large the database was on a day (UTC, in days since the epoch) when it was last looked at."""

# From here on everything follows from the tables above and can be made anew (``rebuild``), but for the
# totals of what was pruned.

SEARCH: Final = "search"
"""The full-text index over messages, a row a content.

SQLite: an FTS5 table that keeps no text of its own, and is given words (``lexing.words``). PostgreSQL:
``content``, ``words`` (``lexemes.vector``) and ``partial``, whether these do not say of each where it is.
"""

SEARCH_BEFORE: Final = f"{SEARCH}_before"
"""SQLite's index of an earlier version, which nothing reads, until it has been deleted."""

SEARCH_COLUMNS: Final = ("prompt", "answer", "thinking", "input", "result")

CREATE_SEARCH: Final = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {SEARCH} USING fts5({', '.join(SEARCH_COLUMNS)}, content='', "
    "columnsize=0, tokenize=\"ascii tokenchars '.+#='\")"
)

identities = Table(
    "identities",
    metadata,
    Column("form", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Key, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Messages by what they are apart from their form (``identity.key``), where that is not their own digest."""

aliases = Table(
    "aliases",
    metadata,
    Column("content", Key, primary_key=True, autoincrement=False),
    Column("same", Key, nullable=False),
    Index(None, "same"),
    sqlite_with_rowid=False,
)
"""Messages that are another one, which came before, in another form (``store/identity.py``)."""

occurrences = Table(
    "occurrences",
    metadata,
    Column("content", Key, primary_key=True, autoincrement=False),
    Column("session", Key, primary_key=True, autoincrement=False),
    Column("exchange", Key, nullable=False),
    Index(None, "session"),
    sqlite_with_rowid=False,
)
"""In which sessions a message occurs, in whatever form, and the exchange that brought it first.

``content`` is never one that ``aliases`` has.
"""

calls = Table(
    "calls",
    metadata,
    Column("tool", String, primary_key=True),
    Column("exchange", Key, primary_key=True, autoincrement=False),
    Column("calls", Count, nullable=False),
    Column("results", Count, nullable=False),
    Column("errors", Count, nullable=False),
    Column("bytes", Count, nullable=False),
    Column("durations", Text),
    Index(None, "exchange"),
    sqlite_with_rowid=False,
)
"""Tools by exchange: ``calls`` in its answer; new ``results`` in its request, of so many bytes.

``durations`` is a JSON list of milliseconds, as the client measured them.
"""

SERIES: Final = (
    "agent_type",
    "agent_name",
    "request_class",
    "model_requested",
    "model_routed",
    "provider",
    "project",
    "branch",
)

series = Table(
    "series",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    *(Column(name, String, nullable=False) for name in SERIES),
    UniqueConstraint(*SERIES, name="uq_series"),
)
"""Combinations of what totals are told apart by; an empty string where it is unknown."""

BUCKET: Final = 900
"""Seconds that a row of ``totals`` stands for: every offset from UTC is a multiple of them."""

COUNTS: Final = ("requests", "errors", "priced", "unpriced")
TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
)
SUMS: Final = ("cost_usd", "cost_requested_usd", "duration_ms")

totals = Table(
    "totals",
    metadata,
    Column("bucket", Count, primary_key=True, autoincrement=False),
    Column("session", Key, primary_key=True, autoincrement=False),
    Column("series", Key, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in (*COUNTS, *TOKENS)),
    *(Column(name, Double, nullable=False) for name in SUMS),
    Index(None, "session"),
    sqlite_with_rowid=False,
)
"""Sums of ended exchanges by the quarter of an hour they began in (seconds since the epoch, whole).

Session 0 stands for those that were pruned, whose rows are a day long.
"""

tool_totals = Table(
    "tool_totals",
    metadata,
    Column("bucket", Count, primary_key=True, autoincrement=False),
    Column("series", Key, primary_key=True, autoincrement=False),
    Column("tool", String, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("calls", "results", "errors", "bytes", "timed")),
    Column("duration_ms", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""The same for tools; ``timed`` of the results told how long they took, together ``duration_ms``."""

TIMING_BUCKET: Final = 86400

DIMENSIONS: Final = ("", "agent", "class", "model", "provider", "project", "branch")
"""What percentiles are kept for, each by itself; the first stands for everything."""

timings = Table(
    "timings",
    metadata,
    Column("bucket", Count, primary_key=True, autoincrement=False),
    Column("what", String, primary_key=True),
    Column("dimension", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("bin", SmallInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Histograms by the day (UTC), for each value of each dimension.

Of ``ttft`` and ``tool:NAME`` (ms) and ``speed`` (output tokens/s). A bin is a sixteenth of a doubling
(``totals.bin_of``).
"""
