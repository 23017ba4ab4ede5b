"""Full-text search over everything that was said: prompts, answers, thinking, tool inputs and results.

Newest first: a common word then costs no more than a rare one. The index is SQLite's FTS5, or words of our
own making in PostgreSQL (``lexemes``, ``matching``); snippets are cut from the contents themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, Final, TypedDict

from sqlalchemy import ColumnElement, Connection, Select, column, false, func, or_, select, table, tuple_
from sqlalchemy import text as sql_text

from claude_lens.errors import UserError
from claude_lens.exact import load
from claude_lens.store.content import unpack
from claude_lens.store.lexing import Term, asked
from claude_lens.store.reading import forms, matching
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.reading.matching import Terms
from claude_lens.store.reading.numbered import turn_of
from claude_lens.store.reading.snippets import snippet
from claude_lens.store.schema import SEARCH, SEARCH_COLUMNS, calls, contents, exchanges, occurrences, sessions
from claude_lens.store.writing import words
from claude_lens.when import moment

QUALIFIERS: Final = (
    "agent",
    "tool",
    "project",
    "branch",
    "model",
    "session",
    "class",
    "in",
    "before",
    "after",
)
_PLACES: Final = {**{name: name for name in SEARCH_COLUMNS}, "user": "prompt", "assistant": "answer"}
_TOKEN: Final = re.compile(
    r"""(?P<minus>(?:-(?=[^\s-]))?)(?:(?P<key>[A-Za-z]+):(?="|\S))?(?:"(?P<phrase>[^"]*)"(?P<prefix>\*?)|(?P<word>[^\s"]+))"""
)
SHORTEST: Final = 3
"""Characters of a word that is taken for a beginning while it is typed: fewer are that of too many words."""
MOST_WORDS: Final = 100
_fts = table(SEARCH, column("rowid"))
_words = table(SEARCH, column("content")).alias("f")


class Hit(TypedDict):
    """A place where the words are. ``marks`` are pairs of offsets into ``snippet`` (start, end).

    ``turn`` counts the agent's turns in its session from 1 (a retry is none of its own); ``part`` is
    ``prompt``, ``answer``, ``thinking``, ``input`` or ``result``.
    """

    session_id: str
    title: str | None
    exchange_id: str
    turn: int
    agent: forms.AgentName
    project: str | None
    model: str | None
    started_at: str
    part: str
    snippet: str
    marks: list[tuple[int, int]]
    cursor: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query taken apart: ``match`` in FTS5's own words, ``structure`` for PostgreSQL, and a filter.

    ``terms`` are what a snippet shows.
    """

    match: str
    terms: tuple[Term, ...]
    structure: Terms
    filter: Filter
    project: str | None = None
    session: str | None = None
    tool: str | None = None


@dataclass(slots=True)
class _Pieces:
    wanted: list[list[Term]] = field(default_factory=list)
    unwanted: list[Term] = field(default_factory=list)
    words: int = 0
    qualifiers: dict[str, str] = field(default_factory=dict)
    either: bool = False


def parse(text: str, tz: tzinfo = UTC, *, typing: bool = False) -> Query:
    """Understand a query: words, ``"phrases"``, ``pre*``, ``-not``, ``OR``, and ``name:value`` qualifiers.

    A word with punctuation in it (``foo.bar``, ``--flag``) is looked for as a phrase. ``typing``: the last
    word, unless a space or quotation mark ended it, may be only a beginning. Raises :class:`UserError` with
    what is wrong.
    """
    if text.count('"') % 2:
        raise UserError("the query has a quotation mark without its partner")
    pieces = _Pieces()
    for token in _TOKEN.finditer(text):
        unfinished = typing and token.end() == len(text) and token["phrase"] is None
        _take(token, pieces, unfinished=unfinished)
    if pieces.either:
        raise UserError("OR stands at the end of the query: expected a word after it")
    if not pieces.wanted:
        raise UserError("the query has no word to look for: expected words, a phrase, or pre*")
    match = " AND ".join(f"({_either(group)})" for group in pieces.wanted)
    if pieces.unwanted:
        match = f"({match}) NOT ({_either(pieces.unwanted)})"
    given = pieces.qualifiers
    part = given.get("in")
    if part is not None and part not in _PLACES:
        raise UserError(f"in:{part} is not known: expected one of {', '.join(_PLACES)}")
    if part is not None:
        match = f"{{{_PLACES[part]}}} : ({match})"
    chosen = Filter(
        agent=given.get("agent"),
        branch=given.get("branch"),
        model=given.get("model"),
        request_class=given.get("class"),
        since=moment(given["after"], tz) if "after" in given else None,
        until=moment(given["before"], tz) if "before" in given else None,
    )
    parts = frozenset({_PLACES[part]} if part else SEARCH_COLUMNS)
    return Query(
        match,
        tuple(term for group in pieces.wanted for term in group),
        Terms(tuple(map(tuple, pieces.wanted)), tuple(pieces.unwanted), parts),
        chosen,
        project=given.get("project"),
        session=given.get("session"),
        tool=given.get("tool"),
    )


def _either(terms: Sequence[Term]) -> str:
    return " OR ".join('"' + " ".join(term.words) + '"' + ("*" if term.prefix else "") for term in terms)


def _take(token: re.Match[str], pieces: _Pieces, *, unfinished: bool) -> None:
    key, said = (
        (token["key"] or "").lower(),
        token["phrase"] if token["phrase"] is not None else token["word"],
    )
    if key in QUALIFIERS:
        _qualify(key, said, pieces, negated=bool(token["minus"]))
        return
    if token["key"]:
        said = f"{token['key']}:{said}"
    if said == "OR" and token["phrase"] is None:
        if not pieces.wanted or pieces.either:
            raise UserError("OR needs a word on both sides")
        pieces.either = True
        return
    prefix = bool(token["prefix"]) or (token["phrase"] is None and said.endswith("*"))
    prefix = prefix or (unfinished and not token["minus"] and len(said) >= SHORTEST)
    terms = asked(said, prefix=prefix)
    if not terms:
        return
    pieces.words += len(terms[0].words)
    if pieces.words > MOST_WORDS:
        raise UserError(f"the query has more than {MOST_WORDS} words: look for fewer of them")
    if token["minus"]:
        pieces.unwanted += terms
    elif pieces.either:
        pieces.wanted[-1] += terms
        pieces.either = False
    else:
        pieces.wanted.append(list(terms))


def _qualify(key: str, said: str, pieces: _Pieces, *, negated: bool) -> None:
    if not said:
        raise UserError(f"{key}: stands alone: expected a value after it")
    if negated:
        raise UserError(f"-{key}: only words can be excluded with a minus; expected {key}: without it")
    pieces.qualifiers[key] = said


def search(connection: Connection, query: Query, *, limit: int = 20, before: int | None = None) -> list[Hit]:
    """Places that match, the newest first; ``before`` is the ``cursor`` of the last one of the page before.

    Raises :class:`StoreError` for damaged content.
    """
    if connection.dialect.name == "postgresql":
        return [_hit(connection, row, query) for row in _checked(connection, query, limit, before)]
    if not has_index(connection):
        return []
    wanted = _filtered(connection, query, _fts.c.rowid, _fts)
    wanted = wanted.where(sql_text(f"{SEARCH} MATCH :match").bindparams(match=query.match))
    if before is not None:
        wanted = wanted.where(_fts.c.rowid < before)
    rows = connection.execute(wanted.order_by(_fts.c.rowid.desc()).limit(limit)).mappings().all()
    return [_hit(connection, row, query) for row in rows]


def has_index(connection: Connection) -> bool:
    """Whether there is anything to search in; a migration makes PostgreSQL's."""
    if connection.dialect.name != "sqlite":
        return True
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (SEARCH,))
    return found.scalar() is not None


def _checked(connection: Connection, query: Query, limit: int, before: int | None) -> list[Any]:
    """Rows that PostgreSQL's index finds and whose texts agree; some at a time until there are enough."""
    asked = sql_text(matching.CONDITION).bindparams(**matching.values(query.structure))
    source = _words.c.content
    place = tuple_(source, occurrences.c.session)
    wanted = _filtered(connection, query, source, _words).where(asked)
    if before is not None:
        wanted = wanted.where(source < before)
    wanted = wanted.order_by(source.desc(), occurrences.c.session.desc()).limit(2 * limit)
    found: list[Any] = []
    rows = connection.execute(wanted).mappings().all()
    while rows:
        for row in rows:
            if matching.holds(_texts(row), query.structure):
                found.append(row)
            if len(found) == limit:
                return found
        if len(rows) < 2 * limit:
            break
        rows = connection.execute(wanted.where(place < (row["content"], row["session"]))).mappings().all()
    return found


def _filtered(connection: Connection, query: Query, content: ColumnElement[int], index: Any) -> Select[Any]:
    # Out of the index's reach: the full-text index has to lead, which yields the newest first and can stop.
    wanted = [func.coalesce(each, false()) for each in _conditions(connection, query)]
    return (
        select(
            sessions.c.session_id,
            sessions.c.title,
            contents.c.codec,
            contents.c.data,
            content.label("content"),
            *exchanges.c,
        )
        .select_from(index)
        .join(occurrences, occurrences.c.content == content)
        .join(exchanges, exchanges.c.id == occurrences.c.exchange)
        .join(sessions, sessions.c.id == occurrences.c.session)
        .join(contents, contents.c.id == content)
        .where(*wanted)
    )


def _conditions(connection: Connection, query: Query) -> list[ColumnElement[bool]]:
    wanted = list(conditions(connection, replace(query.filter, session=None)))
    if query.session is not None:
        wanted.append(sessions.c.session_id.between(query.session, query.session + "\U0010ffff"))
    if query.project is not None:
        # A folder's own name is what people remember of a path.
        name = query.project.rstrip("/")
        wanted.append(
            or_(exchanges.c.project == name, exchanges.c.project.iendswith("/" + name, autoescape=True))
        )
    if query.tool is not None:
        used = select(calls.c.exchange).where(calls.c.tool == query.tool, calls.c.exchange == exchanges.c.id)
        wanted.append(used.exists())
    return wanted


def _hit(connection: Connection, row: Any, query: Query) -> Hit:
    part, piece, marks = _best(dict(zip(SEARCH_COLUMNS, _texts(row), strict=True)), query)
    return {
        "session_id": row["session_id"],
        "title": row["title"],
        "exchange_id": row["exchange_id"],
        "turn": turn_of(connection, row),
        "agent": {
            "id": row["agent_id"],
            "parent_id": row["agent_parent_id"],
            "type": row["agent_type"],
            "name": row["agent_name"],
        },
        "project": row["project"],
        "model": row["model_routed"] or row["model_requested"],
        "started_at": forms.iso(row["started_at"]),
        "part": part,
        "snippet": piece,
        "marks": marks,
        "cursor": row["content"],
    }


def _texts(row: Any) -> words.Columns:
    return words.columns(load(unpack(row["codec"], row["data"]))) or ("",) * len(SEARCH_COLUMNS)


def _best(texts: dict[str, str], query: Query) -> tuple[str, str, list[tuple[int, int]]]:
    candidates = list(_candidates(texts, query))
    return max(candidates, key=lambda one: len({one[1][a:b].lower() for a, b in one[2]}))


def _candidates(texts: dict[str, str], query: Query) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
    for name in SEARCH_COLUMNS:
        if name in query.structure.parts and texts[name]:
            yield (name, *snippet(texts[name], query.terms))
    yield "prompt", "", []
