"""The tables. Migrations in ``migrations/versions`` make them; a test compares the two.

``exchanges`` is slim, so that lists never touch a body; ``payloads`` says where the bodies are: tips of
chains and contents. Times are seconds since the epoch (UTC), costs US dollars.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD: Final = "0001"
"""The newest migration: what this version of claude-lens reads and writes."""

VERSION_TABLE: Final = "schema_version"

ROOT_NODE: Final = 0

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a primary key without a second index only to the very type INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))
"""``generation``: changes whenever rows are deleted, so that writers forget which ids they know."""

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
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cache_read_input_tokens", Integer),
    Column("cache_creation_input_tokens", Integer),
    Column("cache_creation_5m_input_tokens", Integer),
    Column("cache_creation_1h_input_tokens", Integer),
    Column("cost_usd", Double),
    Column("cost_requested_usd", Double),
    Column("stop_reason", String),
    Column("request_id", String),
    Column("traceparent", String),
    Column("tool_durations", Text),
    Column("facts", Key, ForeignKey("contents.id")),
    Index(None, "session", "started_at"),
    Index(None, "started_at"),
    Index(
        "ix_exchanges_running",
        "status",
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
)
"""One row an exchange. ``facts`` is a JSON content of what hardly differs (``rows.FACTS``)."""

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
Columns of bytes without a content are made by ``content.pack_blob``.
References to contents and nodes have no index: only pruning asks who refers to one, and it sweeps all.
"""
