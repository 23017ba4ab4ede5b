"""Tool calls and their results as a page shows them: a difference for an edit, a checklist for a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from claude_lens.dashboard.blocks import (
    Block,
    Code,
    Ref,
    code,
    of_block,
    of_text,
    texts_of,
    unknown,
    web_address,
)
from claude_lens.dashboard.differences import difference
from claude_lens.dashboard.markdown import language_of, markdown
from claude_lens.dashboard.templating import pretty
from claude_lens.dashboard.text import cut
from claude_lens.messages.blocks import text as text_of
from claude_lens.messages.calls import result as result_of
from claude_lens.messages.spawns import SPAWNING
from claude_lens.messages.written import without_reminder

_NUMBERED: Final = re.compile(r"^ *(\d+)[\t→](.*)$")
_SUMMARY_KEYS: Final = (
    "description", "file_path", "notebook_path", "command", "pattern",
    "query", "url", "path", "skill", "prompt",
)  # fmt: skip
_LONGEST_SUMMARY: Final = 140
_EDIT_LIMIT: Final = 60_000

Input = Mapping[str, Any]


def call(block: Mapping[str, Any], ref: Ref, anchor: str) -> Block:
    """A ``tool_use`` block. ``data``: name, server (of MCP), id, summary, body (blocks), spawns."""
    name = str(block.get("name") or "?")
    given = block.get("input")
    given = given if isinstance(given, Mapping) else {"input": given}
    server, tool = _mcp(name)
    maker = _BODIES.get(name)
    body = maker(given, ref.at("input")) if maker else None
    summary = _summary(name, given)
    if body is None:
        # One argument that the heading says already need not be said again.
        said = len(given) == 1 and summary in given.values()
        body = [] if said or not given else [_json(given, ref.at("input"))]
    data = {
        "name": tool,
        "server": server,
        "id": block.get("id"),
        "summary": summary,
        "body": body,
        "spawns": name in SPAWNING,
        "input": given,
        "result": None,
        "child": None,
        "duration": None,
    }
    return Block("tool", anchor, data)


def result(block: Mapping[str, Any], ref: Ref, tool: str, given: Input, anchor: str = "") -> Block:
    """A ``tool_result`` block. ``data``: error, parts (blocks), length in characters."""
    content = block.get("content")
    place = ref.at("content")
    parts: list[Block] = []
    if isinstance(content, str):
        parts = _output(content, place, tool, given)
    elif isinstance(content, list):
        for index, piece in enumerate(content):
            if (words := text_of(piece)) is not None:
                parts += _output(words, place.at(index, "text"), tool, given)
            else:
                parts += of_block(piece, place.at(index), f"{anchor}-{index}" if anchor else "")
    elif content is not None:
        parts = [unknown(content, place, anchor)]
    length = sum(len(words) for words in texts_of(content))
    return Block(
        "result",
        anchor,
        {"error": bool((told := result_of(block)) and told.is_error), "parts": parts, "length": length},
    )


def _output(words: str, ref: Ref, tool: str, given: Input) -> list[Block]:
    if not words.strip():
        return []
    if tool in SPAWNING or tool in ("WebFetch", "WebSearch"):
        shown, left = cut(words, 6_000)
        return [Block("text", "", {"html": markdown(shown), "left": left, "full": ref.url})]
    numbers, source, rest = _numbered(words) if tool == "Read" else ([], "", "")
    if numbers:
        file = code(source, ref, language_of(str(given.get("file_path") or "")))
        read = [Block("code", "", {"code": file, "numbers": numbers[: file.html.count("\n") + 1]})]
        return [*read, *of_text(rest, ref, "")]
    # What the client added for the model is no output of the tool.
    output, added = without_reminder(words)
    shown_output = [_code(code(output, ref))] if output.strip() else []
    return [*shown_output, *(of_text(added, ref, "") if added else ())]


def _numbered(words: str) -> tuple[list[str], str, str]:
    """Line numbers and lines of a file as ``Read`` gives it, and what follows them; else nothing of it."""
    numbers: list[str] = []
    lines: list[str] = []
    told = words.split("\n")
    for line in told:
        match = _NUMBERED.match(line)
        # Of an empty last line nothing but its number is left.
        if match:
            numbers.append(match[1])
            lines.append(match[2])
        elif numbers and line.strip() == str(int(numbers[-1]) + 1):
            numbers.append(line.strip())
            lines.append("")
            break
        else:
            break
    return numbers, "\n".join(lines), "\n".join(told[len(numbers) :])


def _mcp(name: str) -> tuple[str | None, str]:
    if name.startswith("mcp__"):
        server, _, tool = name[5:].partition("__")
        if tool:
            return server, tool
    return None, name


def _summary(name: str, given: Input) -> str:
    if name in SPAWNING:
        return str(given.get("description") or "")
    found = next((given[key] for key in _SUMMARY_KEYS if isinstance(given.get(key), str) and given[key]), "")
    line = str(found).split("\n", 1)[0]
    return line if len(line) <= _LONGEST_SUMMARY else line[:_LONGEST_SUMMARY] + "…"


def _code(shown: Code) -> Block:
    return Block("code", "", {"code": shown, "numbers": []})


def _json(given: Any, ref: Ref) -> Block:
    return _code(code(pretty(given), ref, "json"))


def _text(given: Input, key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


def _bash(given: Input, ref: Ref) -> list[Block] | None:
    command = _text(given, "command")
    more = {key: value for key, value in given.items() if key not in ("command", "description")}
    if not command:
        return None
    shown = [_code(code(command, ref.at("command"), "bash"))]
    return shown + ([_json(more, ref)] if more else [])


def _edit(given: Input, ref: Ref) -> list[Block] | None:
    listed = given.get("edits")
    edits = listed if isinstance(listed, list) else [given]
    found: list[Block] = []
    for edit in edits:
        if not isinstance(edit, Mapping) or not isinstance(edit.get("new_string"), str):
            return None
        old, new = _text(edit, "old_string"), _text(edit, "new_string")
        if len(old) + len(new) > _EDIT_LIMIT:
            return None
        path, every = _text(given, "file_path"), edit.get("replace_all")
        found.append(Block("diff", "", {"lines": difference(old, new), "path": path, "every": every}))
    return found


def _write(given: Input, ref: Ref) -> list[Block] | None:
    if not isinstance(given.get("content"), str):
        return None
    path, content = _text(given, "file_path"), _text(given, "content")
    if len(content) > _EDIT_LIMIT // 4:
        return [_code(code(content, ref.at("content"), language_of(path)))]
    return [Block("diff", "", {"lines": difference("", content), "path": path, "every": None})]


def _plan(given: Input, ref: Ref) -> list[Block] | None:
    items = given.get("todos")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return None
    shown = [
        {
            "state": str(item.get("status") or "pending"),
            "text": str(item.get("content") or item.get("subject") or item.get("activeForm") or pretty(item)),
        }
        for item in items
    ]
    return [Block("checklist", "", {"items": shown})]


def _questions(given: Input, ref: Ref) -> list[Block] | None:
    asked = given.get("questions")
    if not isinstance(asked, list) or not all(isinstance(item, Mapping) for item in asked):
        return None
    return [Block("questions", "", {"asked": [_question(item) for item in asked]})]


def _question(item: Input) -> dict[str, Any]:
    options = item.get("options")
    return {
        "text": str(item.get("question") or ""),
        "head": str(item.get("header") or ""),
        "many": bool(item.get("multiSelect")),
        "options": [
            (str(one.get("label") or ""), str(one.get("description") or ""))
            if isinstance(one, Mapping)
            else (str(one), "")
            for one in (options if isinstance(options, list) else [])
        ],
    }


def _web(given: Input, ref: Ref) -> list[Block] | None:
    address = web_address(given.get("url"))
    shown = {key: str(value) for key, value in given.items() if not (key == "url" and address)}
    return [Block("web", "", {"address": address, "more": shown})]


def _spawn(given: Input, ref: Ref) -> list[Block] | None:
    prompt = _text(given, "prompt")
    if not prompt:
        return None
    shown, left = cut(prompt, 6_000)
    more = {key: value for key, value in given.items() if key not in ("prompt", "description")}
    data = {"html": markdown(shown), "left": left, "full": ref.at("prompt").url}
    return [Block("task", "", {"prompt": Block("text", "", data), "more": more})]


_BODIES: Final[dict[str, Callable[[Input, Ref], list[Block] | None]]] = {
    "Bash": _bash,
    "Edit": _edit,
    "MultiEdit": _edit,
    "Write": _write,
    "TodoWrite": _plan,
    "AskUserQuestion": _questions,
    "WebFetch": _web,
    "WebSearch": _web,
    **dict.fromkeys(SPAWNING, _spawn),
}
