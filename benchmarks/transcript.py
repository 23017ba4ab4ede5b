"""A transcript as Claude Code writes it, of any size: parallel calls, subagents, queued prompts, images."""

from __future__ import annotations

import random
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import orjson

from benchmarks.conversation import Conversation

_MODEL = "claude-sonnet-4-5-20250929"
_EVERY_IMAGE, _EVERY_AGENT, _EVERY_QUEUED = 50, 25, 20


class Writer:
    """Writes one session, about ``turn_bytes`` a turn, to ``folder``; text as in other benchmarks."""

    def __init__(self, folder: Path, *, turn_bytes: int = 21_000, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._words = Conversation(seed, fixed_bytes=1_000)
        self._turn_bytes = turn_bytes
        self._session = str(self._uuid())
        self._at = datetime(2026, 3, 1, 8, tzinfo=UTC)
        self.file = folder / f"{self._session}.jsonl"
        self._parent: str | None = None
        self._answers = 0
        folder.mkdir(parents=True, exist_ok=True)

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def write(self, turns: int) -> int:
        """``turns`` prompts, each with two answers; returns bytes of the session's file."""
        with self.file.open("wb") as stream:
            for turn in range(turns):
                self._turn(stream, turn)
        return self.file.stat().st_size

    def _turn(self, stream: IO[bytes], turn: int) -> None:
        content: Any = self._words.text(300)
        if turn % _EVERY_IMAGE == 0:
            picture = b64encode(self._random.randbytes(100_000)).decode()
            source = {"type": "base64", "media_type": "image/png", "data": picture}
            content = [{"type": "text", "text": content}, {"type": "image", "source": source}]
        self._line(stream, "user", {"role": "user", "content": content})
        agent = turn % _EVERY_AGENT == _EVERY_AGENT - 1
        calls = [self._call("Agent" if agent and not at else "Bash") for at in range(3)]
        text = {"type": "text", "text": self._words.text(200)}
        said = self._say(stream, [text, *calls])
        for parent, call in zip(said[1:], calls, strict=True):
            told = self._words.text((self._turn_bytes - 6_000) // 3)
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": told}
            self._parent = parent
            kept = {"stdout": told[:500]}
            self._line(stream, "user", {"role": "user", "content": [result]}, toolUseResult=kept)
        if agent:
            self._subagent(calls[0])
        if turn % _EVERY_QUEUED == 0:
            self._line(stream, "attachment", attachment={"type": "queued_command", "prompt": "and hurry"})
        self._say(stream, [{"type": "text", "text": self._words.text(800)}])

    def _call(self, name: str) -> dict[str, Any]:
        told = self._words.text(150)
        given = {"command": told} if name == "Bash" else {"prompt": told, "subagent_type": "Explore"}
        return {"type": "tool_use", "id": f"toolu_{self._uuid().hex[:24]}", "name": name, "input": given}

    def _say(self, stream: IO[bytes], blocks: list[dict[str, Any]], **more: Any) -> list[str]:
        self._answers += 1
        usage = {"input_tokens": 9, "cache_read_input_tokens": self._answers * 900, "output_tokens": 300}
        said = {"id": f"msg_{self._uuid().hex[:24]}", "role": "assistant", "model": _MODEL, "usage": usage}
        said["stop_reason"] = "tool_use"
        request = {"requestId": f"req_{self._uuid().hex[:24]}"}
        return [
            self._line(stream, "assistant", {**said, "content": [block]}, **request, **more)
            for block in blocks
        ]

    def _subagent(self, call: dict[str, Any]) -> None:
        name, parent = self._uuid().hex[:16], self._parent
        folder = self.file.with_suffix("") / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        side = {"isSidechain": True, "agentId": name}
        with (folder / f"agent-{name}.jsonl").open("wb") as stream:
            self._parent = None
            self._line(stream, "user", {"role": "user", "content": call["input"]["prompt"]}, **side)
            self._say(stream, [{"type": "text", "text": self._words.text(2_000)}], **side)
        self._parent = parent

    def _line(self, stream: IO[bytes], kind: str, message: Any = None, **more: Any) -> str:
        ident = str(self._uuid())
        self._at += timedelta(seconds=1)
        line = {
            "parentUuid": self._parent,
            "isSidechain": False,
            "type": kind,
            **({"message": message} if message else {}),
            "uuid": ident,
            "timestamp": self._at.isoformat().replace("+00:00", "Z"),
            "sessionId": self._session,
            "cwd": "/home/me/app",
            "version": "2.1.332",
            "gitBranch": "main",
            **more,
        }
        stream.write(orjson.dumps(line) + b"\n")
        self._parent = ident
        return ident
