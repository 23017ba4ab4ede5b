"""Exchanges as a Parquet file, a row each, for DuckDB, pandas and Polars. Columns: the view ``exchanges``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from claude_lens.errors import UserError
from claude_lens.store.reading.sql import asked

_GROUP: Final = 20_000
"""Rows that are compressed, and held, at once."""
_COUNTS: Final = ("http_status",)
_AMOUNTS: Final = ("_usd", "_ms")


def parquet(url: str, session: str | None = None, since: float | None = None) -> Iterator[bytes]:
    """The file, piece by piece; of one session (its whole id), of what began after ``since``, or of all.

    Raises :class:`UserError` where pyarrow is not installed, :class:`StoreError`.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise UserError("a Parquet file needs pyarrow: pip install 'claude-lens[parquet]'") from None
    conditions = [f"session_id = '{_quoted(session)}'"] if session is not None else []
    conditions += [f"started_at >= {float(since)!r}"] if since is not None else []
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    with asked(url, f"SELECT * FROM exchanges{where} ORDER BY started_at") as answer:
        schema = pyarrow.schema([(name, _kind(pyarrow, name)) for name in answer.columns])
        sink = _Pieces()
        with ParquetWriter(sink, schema, compression="zstd") as writer:
            while rows := list(islice(answer.rows, _GROUP)):
                columns = [list(column) for column in zip(*rows, strict=True)]
                at = answer.columns.index("started_at")
                columns[at] = [None if value is None else round(value * 1000) for value in columns[at]]
                arrays = [pyarrow.array(one, field.type) for one, field in zip(columns, schema, strict=True)]
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
                yield sink.taken()
        yield sink.taken()


def _kind(pyarrow: Any, name: str) -> Any:
    """A column's type: moments in UTC, amounts as floats, counts as integers, all else as text."""
    if name == "started_at":
        return pyarrow.timestamp("ms", tz="UTC")
    if name.endswith(_AMOUNTS):
        return pyarrow.float64()
    return pyarrow.int64() if name.endswith("_tokens") or name in _COUNTS else pyarrow.string()


def _quoted(text: str) -> str:
    return text.replace("'", "''")


class _Pieces(io.RawIOBase):
    """A file that is only written, and given away as it grows."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._given = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given + len(self._held)

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        held = bytes(self._held)
        self._given += len(held)
        self._held.clear()
        return held
