"""JSON lines that ``lensctl export`` wrote, back into a store."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_args

from sqlalchemy import select

from claude_lens import exact
from claude_lens.errors import NotFound, UserError
from claude_lens.exchange import (
    Agent,
    Cost,
    Exchange,
    Headers,
    Identity,
    Model,
    Request,
    Response,
    Status,
    Usage,
)
from claude_lens.redact import Redactor
from claude_lens.store import database
from claude_lens.store.reading.queries import Reader
from claude_lens.store.rows import Item
from claude_lens.store.schema import exchanges
from claude_lens.store.transfer import returning
from claude_lens.store.transfer.exporting import FORMAT, VERSION
from claude_lens.store.transfer.unfolding import Unfolding
from claude_lens.store.writing import tagging
from claude_lens.store.writing.writer import Writer

_BATCH: Final = 50
_BATCH_BYTES: Final = 16_000_000
"""Of requests; late ones of a long session have megabytes each."""
_TUPLES: Final = {"tool_durations_ms", "adapted"}


@dataclass(slots=True)
class Imported:
    """How many exchanges were read, and how many of them were new."""

    read: int = 0
    new: int = 0


def read_lines(
    lines: Iterable[bytes], name: str, tags: dict[str, list[str]] | None = None
) -> Iterator[Exchange]:
    """The exchanges of an export; the session's ``tags`` are put beside its id on the way.

    Raises :class:`UserError` naming file and line.
    """
    told: Unfolding | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = exact.load(line)
            if number == 1:
                if value[FORMAT] not in (1, VERSION):
                    raise ValueError(f"format {value[FORMAT]} is unknown")
                told = Unfolding() if value[FORMAT] == VERSION else None
                if tags is not None and value.get("tags"):
                    tags[str(value["session"])] = [tagging.clean(str(tag)) for tag in value["tags"]]
                continue
            if told is None:
                yield exchange_of(value)
            elif not told.take(value):
                yield exchange_of(value, told)
        except (ValueError, KeyError, TypeError, AttributeError, UserError) as error:
            said = f"{type(error).__name__}: {error}"
            raise UserError(f"{name}:{number}: no exchange that lensctl export wrote ({said})") from error


def is_export(file: Path) -> bool:
    """Whether ``lensctl export`` wrote the file as JSON lines. Raises ``OSError``."""
    with file.open("rb") as stream:
        first = stream.readline()
    try:
        value = exact.load(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, Mapping) and FORMAT in value


def exchange_of(value: Mapping[str, Any], told: Unfolding | None = None) -> Exchange:
    """The exchange that a line is; ``told``: by lines before it, None for version 1, whose lines are whole.

    Raises ``ValueError`` and its like.
    """
    whole = dict(value)
    if whole["status"] not in get_args(Status):
        raise ValueError(f"status {whole['status']!r}")
    who = dict(whole["identity"])
    who["agent"] = _make(Agent, who["agent"])
    who["tool_durations_ms"] = tuple((name, ms) for name, ms in who["tool_durations_ms"])
    whole["identity"] = _make(Identity, who)
    whole["model"] = _make(Model, whole["model"])
    whole["usage"] = None if whole["usage"] is None else _make(Usage, whole["usage"])
    whole["cost"] = _make(Cost, whole["cost"])
    whole["adapted"] = tuple(whole["adapted"])
    # What ran when it was exported has ended since, nobody knows how.
    whole["status"] = "interrupted" if whole["status"] == "running" else whole["status"]
    whole["request"], whole["response"] = told.halves(value) if told is not None else _halves(value)
    return Exchange(**{field.name: whole[field.name] for field in fields(Exchange)})


def _halves(value: Mapping[str, Any]) -> tuple[Request, Response | None]:
    """Request and answer of version 1, each whole."""
    request, response = value["request"], value.get("response")
    sent = Request(
        headers=_headers(request["headers"]),
        query=request["query"],
        body=_body(request),
        json=request["json"],
    )
    if response is None:
        return sent, None
    return sent, Response(
        headers=_headers(response["headers"]), body=_answer(response), json=response["json"]
    )


def _make(kind: Any, value: Mapping[str, Any]) -> Any:
    return kind(**{field.name: value[field.name] for field in fields(kind)})


def _headers(pairs: Any) -> Headers:
    return tuple((str(name), str(text)) for name, text in pairs)


def _body(half: Mapping[str, Any]) -> bytes:
    if half["json"] is not None:
        return exact.dump(half["json"])
    return _bytes(half["body"])


def _answer(half: Mapping[str, Any]) -> bytes:
    return _body(half) if half.get("stream") is None else _bytes(half["stream"])


def _bytes(body: Any) -> bytes:
    return (
        b64decode(body["base64"]) if isinstance(body, Mapping) else str(body).encode("utf-8", "surrogatepass")
    )


def store(
    url: str,
    found: Iterable[Exchange],
    *,
    bodies: bool = True,
    streams: bool = True,
    redactor: Redactor | None = None,
    tags: Mapping[str, list[str]] | None = None,
) -> Imported:
    """Write exchanges that are not there yet, by their ids, then ``tags`` by session.

    Raises :class:`StoreError`.
    """
    done = Imported()
    writer = Writer(url, bodies=bodies, streams=streams)
    batch: list[Exchange] = []
    size = 0
    try:
        with Reader(url) as reader:
            for one in found:
                done.read += 1
                batch.append(one if redactor is None else redactor.exchange(one))
                size += len(one.request.body)
                if len(batch) >= _BATCH or size >= _BATCH_BYTES:
                    done.new += _write(writer, reader, batch)
                    batch, size = [], 0
            done.new += _write(writer, reader, batch)
        for session, names in (tags or {}).items():
            with suppress(NotFound):
                tagging.change(url, session, add=names)
    finally:
        writer.close()
    return done


def _write(writer: Writer, reader: Reader, batch: list[Exchange]) -> int:
    writer.open()
    query = select(exchanges.c.exchange_id).where(exchanges.c.exchange_id.in_([one.id for one in batch]))
    with reader.connect() as connection:
        known = {name for (name,) in connection.execute(query)}
    new = {one.id: Item(one) for one in batch if one.id not in known}
    writer.write(list(new.values()))
    with database.plain_errors(writer.url), writer.open().begin() as connection:
        returning.uncount(connection, [one.id for one in batch])
    return len(new)
