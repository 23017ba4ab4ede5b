"""Transcripts into the store: of each file what is new, each answer once over the whole store.

A file that was read without a fault and is as it was then is not opened again. Of one that has grown, only
new answers are redacted, hashed and written; what is before them is taken from the store where it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from claude_lens.redact import Redactor
from claude_lens.store import answers as known_answers
from claude_lens.store import content, database
from claude_lens.store.rows import Item
from claude_lens.store.schema import ROOT_NODE, contents, exchanges, nodes, payloads, transcripts
from claude_lens.store.transfer.naming import Titles
from claude_lens.store.transfer.source import Passed, ignored
from claude_lens.store.transfer.transcripts import Transcript, seconds, state
from claude_lens.store.transfer.trees import Answer
from claude_lens.store.writing.writer import Writer

READER: Final = 1
"""The version of what reads transcripts; files that another one has read are read again."""
_BATCH: Final = 100
_BATCH_BYTES: Final = 16_000_000
_LOOKED_UP: Final = 500

Told = Callable[[float], None]
"""How much of a file is done, from 0 to 1."""


@dataclass(slots=True)
class Appended:
    """How many answers were read; how many of them are new, and how many retention had let go of.

    ``held``: so many that may still be on their way into the store were left for the next time.
    """

    read: int = 0
    new: int = 0
    gone: int = 0
    held: int = 0

    def add(self, other: Appended) -> None:
        """Count another file too."""
        self.read += other.read
        self.new += other.new
        self.gone += other.gone
        self.held += other.held


class Appender:
    """Adds transcripts to the store behind ``url``. Raises :class:`StoreError`.

    ``until``: answers that are younger (seconds since the epoch) are left for the next time, since a proxy
    may have recorded them and not stored them yet; None where nothing is on its way.
    """

    def __init__(
        self, url: str, *, bodies: bool = True, redactor: Redactor | None = None, until: float | None = None
    ) -> None:
        self._until = until
        self._writer = Writer(url, bodies=bodies, streams=False)
        self._redactor = redactor
        self._is_caught_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._writer.close()

    def unchanged(self, files: Sequence[Path]) -> dict[Path, int]:
        """Those of the files that are as they were when they were read, and how many answers they have."""
        by_key = {_key(file): file for file in files}
        found: dict[Path, int] = {}
        keys = sorted(by_key)
        with self._errors(), self._writer.open().connect() as connection:
            connection = connection.execution_options(**{database.READS: True})
            for start in range(0, len(keys), _LOOKED_UP):
                part = transcripts.c.file.in_(keys[start : start + _LOOKED_UP])
                for row in connection.execute(select(transcripts).where(part)):
                    file = by_key[row.file]
                    if row.reader == READER and state(file) == (row.size, row.modified):
                        found[file] = row.answers
        return found

    def take(
        self,
        file: Path,
        passed: Passed = ignored,
        titles: Titles | None = None,
        progress: Told = lambda _: None,
    ) -> Appended:
        """Add what is new in one file. What cannot be read of it is told, and passed by."""
        self.catch_up()
        faults: list[str] = []

        def tell(fault: str) -> None:
            faults.append(fault)
            passed(fault)

        done = Appended()
        before = state(file)
        try:
            with Transcript(file, tell, titles, self._redactor) as transcript:
                self._append(transcript, done, progress)
        except OSError as error:
            tell(f"{file}: {error.strerror or error}")
        if not faults and not done.held and before is not None and before == state(file):
            self._note(file, before, done.read)
        return done

    def catch_up(self, progress: Told = lambda _: None) -> None:
        """Learn which answers the store has; once, and of what was stored since the last import."""
        if not self._is_caught_up:
            with self._errors():
                known_answers.catch_up(self._writer.open(), progress)
            self._is_caught_up = True

    def _errors(self) -> AbstractContextManager[None]:
        return database.plain_errors(self._writer.url)

    def _append(self, transcript: Transcript, done: Appended, progress: Told) -> None:
        found = transcript.answers()
        batch: list[tuple[Item, list[int]]] = []
        for start in range(0, len(found), _LOOKED_UP):
            part = found[start : start + _LOOKED_UP]
            there = self._there(part, done, transcript)
            for number, answer in enumerate(part, start):
                if answer.key in there:
                    continue
                if self._until is not None and (seconds(answer.at) or 0.0) > self._until:
                    done.held += 1
                    continue
                if (item := transcript.item(answer)) is None:
                    continue
                batch.append((item, _marks(answer)))
                if len(batch) >= _BATCH or transcript.texts.unwritten >= _BATCH_BYTES:
                    self._write(transcript, batch, done)
                    progress(number / len(found))
        self._write(transcript, batch, done)

    def _there(self, part: Sequence[Answer], done: Appended, transcript: Transcript) -> set[str]:
        """The keys of the answers that the store has, or had."""
        marks = {answer.key: _marks(answer) for answer in part}
        with self._errors(), self._writer.open().connect() as connection:
            connection = connection.execution_options(**{database.READS: True})
            known = known_answers.known(connection, [mark for each in marks.values() for mark in each])
            rows = {
                key: next(known[mark] for mark in each if mark in known)
                for key, each in marks.items()
                if any(mark in known for mark in each)
            }
            living = known_answers.living(connection, rows.values())
        done.read += len(rows)
        done.gone += sum(row not in living for row in rows.values())
        stored = {key: row for key, row in rows.items() if row in living}
        transcript.histories.stored.update(stored)
        transcript.histories.read_stored = self._stored_chain
        return set(rows)

    def _stored_chain(self, exchange: int) -> list[bytes] | None:
        """The digests of the messages before an answer that was imported; None where they cannot be had."""
        query = (
            select(payloads.c.messages)
            .join_from(payloads, exchanges)
            .where(payloads.c.exchange == exchange, exchanges.c.lane == "imported")
        )
        with self._errors(), self._writer.open().connect() as connection:
            connection = connection.execution_options(**{database.READS: True})
            tip = connection.execute(query).scalar()
            if tip is None:
                return None
            columns = (nodes.c.id, nodes.c.parent_id, nodes.c.content_id)
            up = select(*columns).where(nodes.c.id == tip).cte(recursive=True)
            up = up.union(select(*columns).where(nodes.c.id == up.c.parent_id, up.c.parent_id != ROOT_NODE))
            steps = select(up.c.id, up.c.parent_id, contents.c.digest).join_from(
                up, contents, contents.c.id == up.c.content_id
            )
            above = {key: (parent, digest) for key, parent, digest in connection.execute(steps)}
        found: list[bytes] = []
        while tip != ROOT_NODE:
            tip, digest = above[tip]
            found.append(digest)
        return found[::-1]

    def _write(self, transcript: Transcript, batch: list[tuple[Item, list[int]]], done: Appended) -> None:
        if not batch:
            return
        self._writer.write([item for item, _ in batch])
        marks = {item.exchange.id: each for item, each in batch}
        with self._errors(), self._writer.open().begin() as connection:
            query = select(exchanges.c.exchange_id, exchanges.c.id).where(
                exchanges.c.exchange_id.in_(sorted(marks))
            )
            rows = [(mark, key) for name, key in connection.execute(query) for mark in marks[name]]
            known_answers.remember(connection, rows)
        done.read += len(batch)
        done.new += len(batch)
        transcript.texts.unwritten = 0
        batch.clear()

    def _note(self, file: Path, was: tuple[int, int], answers: int) -> None:
        row = {
            "file": _key(file),
            "size": was[0],
            "modified": was[1],
            "answers": answers,
            "reader": READER,
        }
        with self._errors(), self._writer.open().begin() as connection:
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(transcripts)
            values = {name: insert.excluded[name] for name in row if name != "file"}
            connection.execute(insert.on_conflict_do_update(index_elements=["file"], set_=values), row)


def _marks(answer: Answer) -> list[int]:
    return known_answers.marks_of(answer.session, answer.message_id, answer.request_id, answer.at) or [
        known_answers.exchange_mark(answer.key)
    ]


def _key(file: Path) -> int:
    path = bytes(file.absolute())
    return int.from_bytes(content.digest(path)[:8], "big", signed=True)
