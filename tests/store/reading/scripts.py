# ruff: noqa: E501 - one case a line, and letters of many scripts
"""What is said in ten scripts and with twenty kinds of names, and by which queries it is found or not."""

from __future__ import annotations

from typing import NamedTuple

from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make


class Case(NamedTuple):
    """A message, queries that find it, and ones that do not. ``marked``: what the first query shows."""

    said: str
    finds: tuple[str, ...]
    misses: tuple[str, ...]
    marked: str


SCRIPTS = {
    "han": Case("今天玩成语接龙游戏", ("成语接龙", "语接", "戏", '"今天玩"'), ("龙接",), "成语接龙"),
    "kana": Case(
        "プロキシのログを読んでください", ("ログ", "プロキシ", "読んで", "ﾛｸﾞ"), ("ログイン",), "ログ"
    ),
    "hangul": Case("데이터베이스에서검색을 합니다", ("검색", "데이터", "베이스에서"), ("검사",), "검색"),
    "thai": Case("ยินดีต้อนรับสู่ฐานข้อมูลใหม่", ("ข้อมูล", "ฐานข้อมูล", "ต้อนรับ"), ("ข้อความ",), "ข้อมูล"),
    "lao": Case("ຍິນດີຕ້ອນຮັບສູ່ພາສາລາວ", ("ພາສາ", "ລາວ", "ຕ້ອນຮັບ"), ("ພາວ",), "ພາສາ"),
    "khmer": Case("សូមស្វាគមន៍មកកាន់ភាសាខ្មែរ", ("ភាសាខ្មែរ", "ខ្មែរ", "ស្វាគមន៍"), ("ខ្មោច",), "ភាសាខ្មែរ"),
    "burmese": Case("မြန်မာဘာသာစကားကိုလေ့လာသည်", ("ဘာသာစကား", "စကား", "မြန်မာ"), ("ကားစ",), "ဘာသာစကား"),
    "devanagari": Case("डेटाबेस में हिन्दी खोज", ("हिन्दी", "हिन्*", "खोज"), ("हिन",), "हिन्दी"),
    "arabic": Case("البحثُ في قاعِدة البيانات", ("قاعدة", "البيانات", "البحث"), ("قاعد",), "قاعِدة"),
    "hebrew": Case("חיפוש בְּמסד הנתונים", ("במסד", "חיפוש", "הנתונים"), ("מסד",), "בְּמסד"),
    "cyrillic": Case("Поиск по Базе данных ещё", ("базе", "ПОИСК", "данн*", "еще"), ("баз",), "Базе"),
    "latin": Case("Die Größe der Café-Öfen", ("größe", "grosse", "cafe", "ofen"), ("oven",), "Größe"),
    "mixed": Case("请用ClaudeAPI调用接口v2测试", ("claudeapi", "调用接口", "api", "用Claude", "v2测试"), ("用API",), "ClaudeAPI"),
}  # fmt: skip

NAMES = {
    "camel": Case("call fooBarBaz twice", ("fooBarBaz", "foobarbaz", "bar", "barBaz", "fooB*"), ("bazBar",), "fooBarBaz"),
    "pascal": Case("new XMLHttpRequest made", ("XMLHttpRequest", "http", "xmlhttprequest", "XMLH*"), ("tpreq",), "XMLHttpRequest"),
    "snake": Case("def read_all_rows now", ("read_all_rows", "rows", "all_rows"), ("rows_all",), "read_all_rows"),
    "screaming": Case("set MAX_RETRY_COUNT high", ("MAX_RETRY_COUNT", "max_retry_count", "retry"), ("MAX_COUNT",), "MAX_RETRY_COUNT"),
    "kebab": Case("class is-wide-open here", ("is-wide-open", "wide-open", "wide"), ("open-wide",), "is-wide-open"),
    "flag": Case("run with --dangerously-skip-permissions", ("--dangerously-skip-permissions", "--dangerously-skip", "permissions"), ("--skip-dangerously",), "dangerously-skip-permissions"),
    "cpp": Case("written in C++ mostly", ("C++", "c++", "in C++ mostly"), ("C#",), "C++"),
    "csharp": Case("ported to C# later", ("C#", "c#", '"to C# later"'), ("C++",), "C#"),
    "plain_c": Case("a plain C program", ("plain C program",), ("C++", "C#"), "plain"),
    "dotfile": Case("put it into .env first", (".env", "env", '"into .env"'), (".envrc",), ".env"),
    "no_dotfile": Case("the environ env variable", ("environ env",), (".env",), "environ"),
    "path": Case("edit /srv/app/src/main.py please", ("/srv/app/src/main.py", "src/main.py", "main.py", ".py"), ("main/src",), "srv"),
    "hidden_path": Case("see ~/.claude/settings.json there", ("~/.claude/settings.json", ".claude", "settings.json"), (".settings",), ".claude/settings.json"),
    "windows_path": Case(r"in C:\Users\me\notes.txt", (r"C:\Users\me\notes.txt", "notes.txt"), ("txt.notes",), r"C:\Users\me\notes.txt"),
    "method": Case("then store.flush() it", ("store.flush()", "flush", "store.flush"), ("flush.store",), "store.flush"),
    "scope": Case("use std::unordered_map today", ("std::unordered_map", "unordered_map", "map"), ("map::std",), "std::unordered_map"),
    "package": Case("add @anthropic-ai/claude-code globally", ("@anthropic-ai/claude-code", "anthropic-ai", "claude-code"), ("code-claude",), "anthropic-ai/claude-code"),
    "address": Case("open http://localhost:8080/health?full=1", ("http://localhost:8080/health?full=1", "localhost:8080", "/health"), ("localhost:80",), "http://localhost:8080/health?full=1"),
    "version": Case("upgrade to v2.1.329 soon", ("v2.1.329", "v2.1*"), ("2.1.32",), "v2.1.329"),
    "variable": Case("echo $HOME and ${PATH_INFO}", ("$HOME", "${PATH_INFO}", "PATH_INFO"), ("INFO_PATH",), "HOME"),
    "digest": Case("commit 9f48e3c1d2b7 is it", ("9f48e3c1d2b7", "9f48e3*"), ("9f48e3",), "9f48e3c1d2b7"),
    "dunder": Case("its __init__ and _private", ("__init__", "_private"), ("__initialise__",), "init"),
}  # fmt: skip

CASES = {**SCRIPTS, **NAMES}


def store(sink: StoreSink, make: Make) -> None:
    """Each case as the prompt of a session of its name."""
    for number, (name, case) in enumerate(CASES.items()):
        body = {"model": "m", "messages": [{"role": "user", "content": case.said}]}
        answer = {"type": "message", "role": "assistant", "content": []}
        sink.ended(make(body, answer, session=name, at=T0 + number))
    sink.flush()
