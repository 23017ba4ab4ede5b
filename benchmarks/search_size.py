# ruff: noqa: RUF001 - letters of many scripts
"""The search index of both databases, its size for each turn of a session, against what it was before."""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks import page
from benchmarks.conversation import Conversation
from claude_lens.store import database, lexing
from claude_lens.store.schema import CREATE_SEARCH, SEARCH_COLUMNS
from claude_lens.store.writing import lexemes, words

GOAL = 1.3
ROOT = Path(__file__).resolve().parents[1]
BEFORE = (
    f"CREATE VIRTUAL TABLE search USING fts5({', '.join(SEARCH_COLUMNS)}, content='', columnsize=0, "
    'tokenize="unicode61 remove_diacritics 2")'
)
PROSE = {
    "Chinese": "我们先看一下这个函数的实现，然后再决定怎么修改。测试全部通过之后，请把结果写到日志文件里。"
    "如果数据库连接失败，程序应该重试三次，每次等待的时间加倍。",
    "Japanese": "まずこの関数の実装を確認してから、どのように修正するかを決めます。テストがすべて成功したら、"
    "結果をログファイルに書き込んでください。データベースに接続できない場合は三回まで再試行します。",
    "Thai": "เราจะดูการทำงานของฟังก์ชันนี้ก่อนแล้วค่อยตัดสินใจว่าจะแก้ไขอย่างไร เมื่อทดสอบผ่านทั้งหมดแล้ว"
    "โปรดเขียนผลลัพธ์ลงในไฟล์บันทึก หากเชื่อมต่อฐานข้อมูลไม่ได้ให้ลองใหม่สามครั้ง",
}


def conversation(turns: int) -> Iterator[words.Columns]:
    """What a session of our other measurements says, each message once."""
    seen: set[words.Columns] = set()
    for _, ended in Conversation(thinking=300).exchanges(turns):
        for message in (ended.request.json or {})["messages"][-3:]:
            row = words.columns(message)
            if row is not None and row not in seen:
                seen.add(row)
                yield row


def work(turns: int) -> Iterator[words.Columns]:
    """Turns of real work: a file of this package read sixty lines at a time, a word about it before."""
    files = sorted((ROOT / "claude_lens").rglob("*.py"))
    pieces = (
        (str(file), "\n".join(f"{index + 1}\t{line}" for index, line in enumerate(lines[start : start + 60])))
        for file in files
        for lines in [file.read_text().splitlines()]
        for start in range(0, len(lines), 60)
    )
    said = Conversation()
    for (path, lines), _ in zip(pieces, range(turns), strict=False):
        yield (said.text(80), said.text(400), said.text(300), f"Read\n{path}", lines)


def prose(name: str, turns: int) -> Iterator[words.Columns]:
    """The same with prompts and answers in another script: its words, in clauses as long as people's."""
    chance = random.Random(1)
    size = 4 if name == "Thai" else 2
    bare = re.sub(r"[。，、 ]", "", PROSE[name])
    known = [bare[start : start + size] for start in range(len(bare) - size)]

    def told(clauses: int) -> str:
        return "\u3001".join("".join(chance.choices(known, k=chance.randint(2, 6))) for _ in range(clauses))

    for row in work(turns):
        yield (told(6), told(30), told(20), *row[3:])


def sqlite_bytes(rows: Sequence[words.Columns], create: str, form: Callable[[str], str]) -> tuple[int, float]:
    """Bytes of the index over these rows, and processor seconds for putting them in."""
    connection = sqlite3.connect(":memory:")
    connection.execute(create)
    marks = ", ".join("?" * (1 + len(SEARCH_COLUMNS)))
    begun = time.process_time()
    for key, row in enumerate(rows, 1):
        connection.execute(
            f"INSERT INTO search(rowid, {', '.join(SEARCH_COLUMNS)}) VALUES ({marks})", (key, *map(form, row))
        )
    connection.commit()
    took = time.process_time() - begun
    connection.execute("INSERT INTO search(search) VALUES ('optimize')")
    (size,) = connection.execute("SELECT sum(length(block)) FROM search_data").fetchone()
    connection.close()
    return int(size), took


def old_words(said: str) -> str:
    """The words of a text as they were before."""
    apart = unicodedata.normalize("NFD", said.lower())
    bare = "".join(char for char in apart if not unicodedata.combining(char)).lower()
    return " ".join(word[:400] for word in re.findall(r"[^\W_]+", bare))


def postgres_bytes(url: str, rows: Sequence[words.Columns], form: Callable[[str], str]) -> int:
    """Bytes of table and index over these rows."""
    before, lexing.words = lexing.words, form
    engine = create_engine(database.parse(url))
    try:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS measured"))
            connection.execute(text("CREATE TABLE measured (content BIGINT PRIMARY KEY, words TSVECTOR)"))
            connection.execute(text("CREATE INDEX ON measured USING gin (words)"))
            insert = text("INSERT INTO measured VALUES (:key, CAST(:words AS tsvector))")
            values = [{"key": key, "words": lexemes.vector(row)[0]} for key, row in enumerate(rows, 1)]
            connection.execute(insert, values)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM measured"))
            size = connection.execute(text("SELECT pg_total_relation_size('measured')")).scalar_one()
            connection.execute(text("DROP TABLE measured"))
        return int(size)
    finally:
        lexing.words = before
        engine.dispose()


def measure(turns: int, url: str | None) -> list[dict[str, object]]:
    """Bytes a turn before and now, for each kind of session and database."""
    kinds = {
        "a conversation": list(conversation(turns)),
        "work on code": list(work(turns)),
        **{f"work on code, in {name}": list(prose(name, turns)) for name in PROSE},
    }
    found: list[dict[str, object]] = []
    for kind, rows in kinds.items():
        before, took_before = sqlite_bytes(rows, BEFORE, str)
        now, took = sqlite_bytes(rows, CREATE_SEARCH, lexing.words)
        row = {"session": kind, "database": "SQLite", "before": before / turns, "now": now / turns}
        found.append(
            {**row, "ratio": now / before, "ms": 1000 * took / turns, "ms_before": 1000 * took_before / turns}
        )
        if url is not None:
            before, now = (postgres_bytes(url, rows, form) for form in (old_words, lexing.words))
            row = {"session": kind, "database": "PostgreSQL", "before": before / turns, "now": now / turns}
            found.append({**row, "ratio": now / before})
    return found


def table(found: Sequence[dict[str, object]], turns: int) -> str:
    """The result as a section of the page."""
    lines = [
        "## The search index",
        "",
        f"`python -m benchmarks.search_size --turns {turns} --write`: bytes of the index for each turn,",
        f"against that of the version before, which knew whole words only; goal {GOAL} times.",
        "",
        "| session | database | before, bytes a turn | now | ratio |",
        "|---|---|---:|---:|---:|",
    ]
    for one in found:
        name = f"{one['session']} | {one['database']}"
        lines.append(f"| {name} | {one['before']:.0f} | {one['now']:.0f} | {one['ratio']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=400)
    parser.add_argument("--postgres", metavar="URL", help="measure there too; a table is made and dropped")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    found = measure(arguments.turns, arguments.postgres)
    if arguments.write:
        page.write("search-size", table(found, arguments.turns))
    print(json.dumps(found) if arguments.json else table(found, arguments.turns))


if __name__ == "__main__":
    main()
