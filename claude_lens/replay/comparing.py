"""What of a request counts when it is compared with a recorded one: everything but what differs by itself.

Ids of sessions and agents, dates, times, counters, folders, the environment's text, marks of the cache and
the form in which a message comes do not count. What remains is cut into parts, each with a digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from claude_lens import exact
from claude_lens.messages.blocks import blocks, content_blocks, kind, messages, role, text
from claude_lens.messages.calls import result, tools
from claude_lens.messages.system import is_billing
from claude_lens.store.chain import strip
from claude_lens.store.identity import form

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_AGENT: Final = re.compile(r"(?<![\w-])a[0-9a-f]{7,17}(?![\w-])")
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{4}/\d\d/\d\d"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? \w{3,9} +\d+,? (?:\d\d:\d\d:\d\d )?(?:[A-Z]{2,5} )?\d{4}"
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"
)
_TEMPORARY: Final = re.compile(r"/(?:private/)?(?:var/)?tmp/claude[^\s\"'`<>]*")
_CONFIG: Final = re.compile(r"(?<![\w/.])(?:~|/[^\n\"'`<>:]{0,300}?)/\.claude(?=[/\s\"'`.,;)]|$)")
_COUNTERS: Final = re.compile(
    r"((?:duration_ms|total_tokens|tool_uses|subagent_tokens|tokens)(?:>|\"?:)\s*)\d+"
    r"|\b\d+(?:\.\d+)?\s?(?:ms|s)\b(?=[).,\s]|$)"
)
_TASK: Final = re.compile(r"(<task-id>)[^<]*(</task-id>)")
_LEFT: Final = re.compile(r"<system-reminder>\s*<total_tokens>[^<]*</total_tokens>\s*</system-reminder>")
_ENVIRONMENT: Final = re.compile(
    r"<env>.*?</env>"
    r"|^# Environment\n(?:You have been invoked|Here is useful).*?(?=^# |</system-reminder>|\Z)"
    r"|^(?:# )?gitStatus\b.*?(?=^Claude Code attached|</system-reminder>|\Z)"
    r"|^# userEmail\n[^\n]*|^.*(?:You are powered by the model|Assistant knowledge cutoff)[^\n]*",
    re.DOTALL | re.MULTILINE,
)
_REFUSED: Final = re.compile(r"\APreToolUse:[\w.-]+ hook error: ")
_READ_AGAIN: Final = re.compile(
    r"(?:<system-reminder>\s*)?(?:Called the Read tool with|Result of calling the Read)"
)
_EMPTY: Final = re.compile(r"<system-reminder>\s*(?:</system-reminder>)?")
_PARAMS: Final = ("thinking", "output_config", "context_management", "temperature", "tool_choice", "stream")
_HEAD: Final = frozenset(("model", "system", "tools", *_PARAMS))
_TRAILING: Final = re.compile(r"[ \t]+$", re.MULTILINE)
_KEPT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Comparable:
    """A request by what counts of it: a digest for each part, and one for each message."""

    parts: Mapping[str, bytes]
    messages: tuple[bytes, ...]
    whole: bytes

    def same_beginning(self, other: Comparable) -> int:
        """How many messages two requests begin with that are the same."""
        count = 0
        for one, two in zip(self.messages, other.messages, strict=False):
            if one != two:
                break
            count += 1
        return count


class Comparing:
    """Makes requests comparable. ``folders`` are paths that stand for the project, in whatever request.

    ``served``: ids of calls whose results come from the record anyway, so that theirs are not compared, and
    ``reads`` is False where what the client reads again by itself is not what it was.
    Messages are remembered by their bytes, as each request sends the whole conversation again.
    """

    def __init__(self, folders: Iterable[str] = (), served: Collection[str] = ()) -> None:
        self.served = set(served)
        self.reads = True
        self._folders: list[tuple[str, str]] = []
        self._known: dict[bytes, bytes] = {}
        self._heads: dict[bytes, dict[str, bytes]] = {}
        for folder in folders:
            self.add_folder(folder)

    def add_folder(self, folder: str) -> None:
        """Let another path stand for the project."""
        slug = re.sub(r"[^A-Za-z0-9]", "-", folder)
        self._folders += [(folder, "<project>"), (slug, "<project>")]
        self._folders.sort(key=lambda pair: -len(pair[0]))
        self._known.clear()
        self._heads.clear()

    def of(self, body: Mapping[str, Any]) -> Comparable:
        """A request's body by what counts of it."""
        plain = {name: value for name, value in body.items() if name in _HEAD}
        mark = hashlib.blake2b(exact.dump(strip(plain)[0]), digest_size=16).digest()
        parts = self._heads.get(mark)
        if parts is None:
            parts = {name: self._digest(value) for name, value in self.head(body).items()}
            self._heads[mark] = parts
        said = tuple(found for one in messages(body) if (found := self._message(one)))
        whole = hashlib.blake2b(b"".join((*parts.values(), *said)), digest_size=16).digest()
        return Comparable(parts, said, whole)

    def head(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What is no message: model, parameters, system prompt and tools, as they are compared."""
        plain = {name: body[name] for name in _PARAMS if body.get(name) is not None}
        offered = sorted((strip(tool)[0] for tool in tools(body)), key=lambda tool: str(tool.get("name")))
        system = [
            said
            for block in content_blocks(body.get("system"))
            if not is_billing(block) and (said := self.words(text(block) or ""))
        ]
        return {
            "model": body.get("model"),
            **{name: self._masked(value) for name, value in plain.items()},
            "system": system,
            "tools": [self._masked(tool) for tool in offered],
        }

    def shown(self, body: Mapping[str, Any]) -> list[Any]:
        """The messages as they are compared, those without anything that counts left out."""
        return [plain for one in messages(body) if (plain := self.plain(one)) is not None]

    def plain(self, message: Mapping[str, Any]) -> Any:
        """A message as it is compared; None where nothing of it counts."""
        if role(message) == "assistant":
            return exact.load(form(message))
        told = [found for block in blocks(message) if (found := self._block(block)) is not None]
        # What was called at once comes back in whatever order it was ready.
        told.sort(key=lambda one: str(one["result"]) if isinstance(one, dict) and "result" in one else "~")
        return {"role": role(message), "content": told} if told else None

    def words(self, said: str) -> str:
        """A text without what differs by itself."""
        return _TRAILING.sub("", self._mask(_ENVIRONMENT.sub("", said))).strip()

    def _message(self, message: Mapping[str, Any]) -> bytes:
        mark = hashlib.blake2b(exact.dump(message), digest_size=16).digest()
        found = self._known.get(mark)
        if found is None:
            plain = self.plain(message)
            found = b"" if plain is None else self._digest(plain)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[mark] = found
        return found

    def _block(self, block: Mapping[str, Any]) -> Any:
        if (found := result(block)) is not None:
            if found.call_id in self.served:
                return {"result": found.call_id, "from": "the record"}
            return {
                "result": found.call_id,
                "failed": found.is_error,
                "content": self._result(found.content),
            }
        what = kind(block)
        if what == "text":
            said = self.words(text(block) or "")
            if not self.reads and _READ_AGAIN.match(said):
                return None
            return {"text": said} if said and not _EMPTY.fullmatch(said) else None
        plain = strip(block)[0]
        if what in ("image", "document"):
            return {what: hashlib.sha256(exact.dump(plain)).hexdigest()}
        return self._masked(plain)

    def _result(self, content: Any) -> Any:
        told: list[Any] = []
        for block in content_blocks(content):
            said = text(block)
            if said is None:
                told.append(self._block(block))
            elif said := _REFUSED.sub("", self.words(said)):
                told.append(said)
        texts = [one for one in told if isinstance(one, str)]
        return ["\n".join(texts), *(one for one in told if not isinstance(one, str))]

    def _mask(self, said: str) -> str:
        for folder, name in self._folders:
            if folder in said:
                said = said.replace(folder, name)
        said = _LEFT.sub("", said)
        said = _TASK.sub(r"\1\2", _UUID.sub("<id>", said))
        said = _AGENT.sub("<agent>", _DATE.sub("<date>", said))
        if ".claude" in said:
            said = _CONFIG.sub("<config>", said)
        if "/tmp/claude" in said:
            said = _TEMPORARY.sub("<temporary>", said)
        return _COUNTERS.sub(r"\1<number>", said)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._mask(value)
        if isinstance(value, Mapping):
            return {name: self._masked(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return value

    def _digest(self, value: Any) -> bytes:
        return hashlib.blake2b(exact.dump(value), digest_size=16).digest()
