"""In which sessions words were said: for lists of sessions, in whatever order these are.

Words that few messages hold are looked up once, for all sessions together. Words that very many hold are
looked for session by session, as far as a page needs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlalchemy import text as sql_text

from claude_lens.errors import UserError
from claude_lens.exact import load
from claude_lens.store.content import unpack
from claude_lens.store.reading import matching
from claude_lens.store.reading.search import SHORTEST, Query, has_index, parse
from claude_lens.store.reading.snippets import snippet
from claude_lens.store.schema import SEARCH, SEARCH_COLUMNS, contents, exchanges, occurrences
from claude_lens.store.writing.words import columns

RARE: Final = 20_000
"""So many messages are looked up at once."""
SECONDS: Final = 0.25
"""Of looking session by session; then a page ends with what it has."""
_LEAD: Final = 12
"""Characters before the first match, and the rest of a word."""


class _Statements:
    """What is asked of a kind of index: ``f`` is its row, ``key`` that of the content.

    ``matches`` finds never too little; ``sure`` says where it does not find too much either, ``unsure`` where
    the text has to tell.
    """

    def __init__(self, key: str, join: str, matches: str, sure: str, unsure: str) -> None:
        def newest(which: str) -> str:
            return (
                f"SELECT f.{key} AS content FROM {SEARCH} f WHERE {which} ORDER BY f.{key} DESC LIMIT :most"
            )

        said_in = f"{join} occurrences o ON o.content ="
        self.counted = sql_text(f"SELECT count(*) FROM ({newest(matches)}) n")
        self.sure = sql_text(
            f"SELECT o.session, max(o.content) AS content FROM ({newest(sure)}) n {said_in} n.content "
            "GROUP BY o.session"
        )
        self.unsure = sql_text(
            f"SELECT o.session, o.content FROM ({newest(unsure)}) n {said_in} n.content "
            "ORDER BY o.content DESC"
        )
        self.of_one = sql_text(
            f"SELECT f.{key} AS content, {unsure} AS unsure FROM {SEARCH} f {said_in} f.{key} "
            f"WHERE o.session = :session AND {matches} AND f.{key} BETWEEN :first AND :last "
            f"ORDER BY f.{key} DESC LIMIT 1"
        )


_MATCH: Final = f"f.{SEARCH} MATCH :match"
# CROSS JOIN keeps SQLite to the order of the tables: the index has to lead.
_STATEMENTS: Final = {
    "sqlite": _Statements("rowid", "CROSS JOIN", _MATCH, _MATCH, "FALSE"),
    "postgresql": _Statements("content", "JOIN", matching.CONDITION, matching.SURE, matching.UNSURE),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a session says it: the exchange that brought it, and a piece of text with the words' places."""

    exchange_id: str
    part: str
    snippet: str
    marks: list[tuple[int, int]]


class Mentions:
    """Answers for some words within one read: sessions with a message that has all of them."""

    def __init__(self, connection: Connection, query: Query) -> None:
        self._connection = connection
        self._query = query
        self._spent = 0.0
        name = connection.dialect.name
        self._statements = _STATEMENTS[name]
        self._asked = {"match": query.match} if name == "sqlite" else matching.values(query.structure)
        self._all: dict[int, int] | None = None
        self._unsure: dict[int, list[int]] = {}
        self._held: dict[int, bool] = {}
        self._look_up({**self._asked, "most": RARE + 1})

    def _look_up(self, values: dict[str, Any]) -> None:
        said = self._statements
        if int(self._connection.execute(said.counted, values).scalar_one()) > RARE:
            return
        self._all = {row.session: row.content for row in self._connection.execute(said.sure, values)}
        # Only of words that follow each other is there anything that PostgreSQL's index may not know.
        if self._asked.get("strict") != self._asked.get("relaxed"):
            for row in self._connection.execute(said.unsure, values):
                self._unsure.setdefault(row.session, []).append(row.content)

    @property
    def tired(self) -> bool:
        """Whether looking took so long that a page should end."""
        return self._spent > SECONDS

    def content(self, session: int) -> int | None:
        """The key of the newest message of this session that matches."""
        if self._all is not None and session not in self._unsure:
            return self._all.get(session)
        started = time.perf_counter()
        found = self._of_few(session, self._all) if self._all is not None else self._of_many(session)
        self._spent += time.perf_counter() - started
        return found

    def _of_few(self, session: int, sure: Mapping[int, int]) -> int | None:
        known = sure.get(session)
        newer = (content for content in self._unsure[session] if known is None or content > known)
        return next(filter(self._holds, newer), known)

    def _of_many(self, session: int) -> int | None:
        ends = select(func.min(occurrences.c.content), func.max(occurrences.c.content))
        first, last = self._connection.execute(ends.where(occurrences.c.session == session)).one()
        while first is not None:
            values = {**self._asked, "session": session, "first": first, "last": last}
            row = self._connection.execute(self._statements.of_one, values).one_or_none()
            if row is None or not row.unsure or self._holds(row.content):
                return None if row is None else int(row.content)
            last = row.content - 1
        return None

    def _holds(self, content: int) -> bool:
        """Whether the text itself has the words; it may be in several sessions."""
        if content not in self._held:
            query = select(contents.c.codec, contents.c.data).where(contents.c.id == content)
            row = self._connection.execute(query).one_or_none()
            texts = columns(load(unpack(row.codec, row.data))) if row is not None else None
            self._held[content] = texts is not None and matching.holds(texts, self._query.structure)
        return self._held[content]

    def told(self, places: Sequence[tuple[int, int]]) -> dict[int, Mention]:
        """What to show for pairs of session and content, by session."""
        query = (
            select(exchanges.c.exchange_id, contents.c.codec, contents.c.data)
            .select_from(occurrences)
            .join(exchanges, exchanges.c.id == occurrences.c.exchange)
            .join(contents, contents.c.id == occurrences.c.content)
        )
        found = {}
        for session, content in places:
            place = (occurrences.c.session == session, occurrences.c.content == content)
            row = self._connection.execute(query.where(*place)).one_or_none()
            if row is not None:
                found[session] = _mention(row, self._query)
        return found


def mentions(connection: Connection, text: str) -> Mentions | None:
    """For words apart by white space, ``pre*`` too; None where there is none, or nothing to look into."""
    if not has_index(connection):
        return None
    try:
        return Mentions(connection, parse(" ".join(map(_quoted, _unfinished(text).split()))))
    except UserError:
        return None


def _unfinished(text: str) -> str:
    """The last word may be only a beginning, unless a space ended it."""
    return text if text[-1:].isspace() or text.endswith("*") else text + "*"


def _quoted(word: str) -> str:
    """The word as a phrase, so that nothing in it is a qualifier or an operator."""
    bare = word.replace('"', " ")
    # Shorter beginnings are those of too many words.
    prefix = bare.endswith("*") and len(bare) > SHORTEST
    return f'"{bare.rstrip("*")}"*' if prefix else f'"{bare}"'


def _mention(row: Any, query: Query) -> Mention:
    texts = columns(load(unpack(row.codec, row.data))) or ("",) * len(SEARCH_COLUMNS)
    best = Mention(row.exchange_id, "prompt", "", [])
    for part, text in zip(SEARCH_COLUMNS, texts, strict=True):
        piece, marks = snippet(text, query.terms)
        if _different(piece, marks) > _different(best.snippet, best.marks):
            best = Mention(row.exchange_id, part, *_from_near(piece, marks))
    return best


def _different(piece: str, marks: Sequence[tuple[int, int]]) -> int:
    return len({piece[a:b].lower() for a, b in marks})


def _from_near(piece: str, marks: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The piece from shortly before its first mark: there is room for a few words only."""
    cut = piece.rfind(" ", 0, max(0, marks[0][0] - _LEAD)) + 1
    if not cut:
        return piece, marks
    return "\u2026" + piece[cut:], [(a - cut + 1, b - cut + 1) for a, b in marks]
