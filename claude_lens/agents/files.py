"""The user's own agents: ``agents/**/*.md`` files, read again when they change.

Source: Claude Code's documentation of subagents. Front matter is YAML with a ``name``; the text below it
begins the agent's system prompt.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from claude_lens.agents.asker import Asker

MOST_FILES = 500
MOST_BYTES = 256 << 10
LEAST_BODY = 12
LOOK_AGAIN = 0.5
FOLDERS_KEPT = 64
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class AgentFile:
    """Name and body (stripped) of one file."""

    name: str
    body: str


class AgentFiles:
    """Agent files of the projects that clients name, and of the user. Reads the disk; not thread-safe."""

    def __init__(self, user_folder: Path | None = None, look_again: float = LOOK_AGAIN) -> None:
        config = os.environ.get("CLAUDE_CONFIG_DIR")
        self._user = user_folder or (Path(config) if config else Path.home() / ".claude")
        self._look_again = look_again
        self._read: dict[Path, tuple[float, Signature, list[AgentFile]]] = {}

    def __call__(self, asker: Asker) -> str | None:
        """The name of the file whose body the system prompt begins with; None for none, or two names.

        The longest body decides, as one may be the beginning of another.
        """
        found = [file for file in self.files(asker.identity.project) if _begins(asker.system, file.body)]
        longest = max((len(file.body) for file in found), default=0)
        names = {file.name for file in found if len(file.body) == longest}
        return names.pop() if len(names) == 1 else None

    def files(self, project: str | None) -> list[AgentFile]:
        """All files for a project folder (absolute path); the project's own go before the user's."""
        folders = [self._user / "agents"]
        if project and Path(project).is_absolute():
            folders.insert(0, Path(project) / ".claude" / "agents")
        by_name: dict[str, AgentFile] = {}
        for folder in folders:
            for file in self._folder(folder):
                by_name.setdefault(file.name, file)
        return list(by_name.values())

    def _folder(self, folder: Path) -> list[AgentFile]:
        now = time.monotonic()
        known = self._read.get(folder)
        if known and now - known[0] < self._look_again:
            return known[2]
        signature = tuple(_walk(folder))
        files = known[2] if known and known[1] == signature else _read_all(signature)
        if len(self._read) >= FOLDERS_KEPT and folder not in self._read:
            del self._read[next(iter(self._read))]
        self._read[folder] = (now, signature, files)
        return files


def parse(text: str) -> AgentFile | None:
    """An agent file's name and body; None where it has no name or no body worth comparing."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return None
    front, mark, body = text[4:].partition("\n---")
    rest = body.partition("\n")[2].strip()
    name = _name(front) if mark else None
    return AgentFile(name, rest) if name and len(rest) >= LEAST_BODY else None


def _name(front: str) -> str | None:
    try:
        parsed = yaml.safe_load(front)
        name = parsed.get("name") if isinstance(parsed, dict) else None
    except yaml.YAMLError:
        # Claude Code takes descriptions with a colon in them, which YAML does not.
        lines = (line.partition(":") for line in front.splitlines())
        name = next((value.strip().strip("'\"") for key, _, value in lines if key.strip() == "name"), None)
    return str(name) if name else None


def _begins(system: tuple[str, ...], body: str) -> bool:
    for text in system:
        bare = text.lstrip().replace("\r\n", "\n")
        if bare.startswith(body) and bare[len(body) : len(body) + 1] in ("", "\n"):
            return True
    return False


def _walk(folder: Path) -> Iterator[tuple[str, int, int]]:
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".md"):
                count += 1
                if count > MOST_FILES:
                    return
                path = Path(root, name)
                try:
                    status = path.stat()
                except OSError:
                    continue
                yield str(path), status.st_mtime_ns, status.st_size


def _read_all(signature: Signature) -> list[AgentFile]:
    found = []
    for path, _, size in signature:
        if size <= MOST_BYTES:
            try:
                file = parse(Path(path).read_text(encoding="utf-8", errors="replace"))
            except OSError:
                continue
            if file:
                found.append(file)
    return found
