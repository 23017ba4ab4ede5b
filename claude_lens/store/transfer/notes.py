"""What is known of a subagent beside its own transcript: the client's notes, or what its session's tells.

Since 2.1 the client writes ``agent-ID.meta.json``. In 2.0 only the session's own transcript says which call
has started which agent: in the line with the call's result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from json import dumps
from pathlib import Path
from typing import Any, Final

from claude_lens.exact import load
from claude_lens.messages.calls import results
from claude_lens.messages.spawns import Spawn, spawns
from claude_lens.store.transfer.trees import text

PARENT: Final = "parentAgentId"
_PREFIX: Final = "agent-"
_CALLED: Final = re.compile(rb'"name":"(?:Task|Agent)"')
_STARTED: Final = b'"agentId":'


def notes(file: Path) -> Mapping[str, Any]:
    """What the client wrote beside the file of a subagent, and which agent has started it."""
    try:
        found = load(file.with_suffix(".meta.json").read_bytes())
    except (OSError, ValueError):
        return _told(file) if file.stem.startswith(_PREFIX) else {}
    if not isinstance(found, dict):
        return {}
    called, depth = text(found.get("toolUseId")), found.get("spawnDepth")
    if called and isinstance(depth, int) and depth > 1 and PARENT not in found:
        siblings = file.parent.glob(f"{_PREFIX}*.jsonl")
        found[PARENT] = next(filter(None, (_calls(one, called) for one in siblings)), None)
    return found


def _calls(file: Path, call: str) -> str | None:
    """The subagent of a file, if it has made the call."""
    mark = re.compile(rb'"type":"tool_use","id":' + dumps(call).encode())
    try:
        with file.open("rb") as stream:
            made = any(mark.search(line) for line in stream)
    except OSError:
        return None
    return file.stem.removeprefix(_PREFIX) if made else None


def _told(file: Path) -> Mapping[str, Any]:
    """The same from the transcript of the session, which stands in the same folder."""
    try:
        with file.open("rb") as stream:
            session = text(load(stream.readline()).get("sessionId"))
        main = file.with_name(f"{session}.jsonl")
        state = main.stat()
        spawn = _spawned(main, state.st_size, state.st_mtime_ns).get(file.stem.removeprefix(_PREFIX))
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    if spawn is None:
        return {}
    return {"agentType": spawn.agent, "description": spawn.description, "toolUseId": spawn.call_id}


@lru_cache(maxsize=4)
def _spawned(main: Path, _size: int, _modified: int) -> Mapping[str, Spawn]:
    """The calls that have started the subagents of a session, by their ids; read once for all its files."""
    called: dict[str, Spawn] = {}
    started: dict[str, str] = {}
    with main.open("rb") as stream:
        for line in stream:
            if not (_CALLED.search(line) or _STARTED in line):
                continue
            try:
                raw = load(line)
                told = raw.get("toolUseResult")
                message = raw.get("message")
            except (ValueError, AttributeError, RecursionError):
                continue
            called |= {spawn.call_id: spawn for spawn in spawns([message])}
            name = text(told.get("agentId")) if isinstance(told, Mapping) else None
            for one in results([message]) if name else ():
                started[str(name)] = one.call_id
    return {name: called[call] for name, call in started.items() if call in called}
