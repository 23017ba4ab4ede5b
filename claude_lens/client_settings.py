"""Entries of ours in Claude Code's own settings file, put in and taken out without a trace.

Each owner (``on``, ``statusline``, ``hook`` …) has entries of its own. What the file held before the first of
them is kept in ``client-settings.json`` of the home folder: as long as nobody else writes the file, taking
out the last entry leaves it byte for byte as it was. Where somebody did, only what is still ours goes.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from claude_lens.errors import ConfigError

NOTES: Final = "client-settings.json"
MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the settings: at ``path``, or ``listed`` as one more element of the list at ``path``."""

    path: tuple[str, ...]
    value: Any
    listed: bool = False


def settings_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings file of Claude Code, there or not."""
    folder = environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME") or Path.home()) / ".claude"
    return Path(folder).expanduser() / "settings.json"


class ClientSettings:
    """The settings file at ``file``; ``home`` is the folder for our notes on it.

    Methods raise :class:`ConfigError` where the file is no JSON object or an entry does not fit into it, and
    ``OSError``; nothing is changed then.
    """

    def __init__(self, file: Path, home: Path) -> None:
        # A link stays a link: people keep these files in a repository of their own.
        self.file = file.resolve() if file.is_symlink() else file
        self._notes_file = home / NOTES

    def entries(self, owner: str) -> list[Entry]:
        """What ``owner`` has put in, empty where it has not."""
        told = self._notes().get("owners", {}).get(owner, [])
        return [Entry(tuple(row["path"]), row["value"], row["listed"]) for row in told]

    def current(self, path: Sequence[str]) -> Any:
        """The value at ``path``, None where there is none."""
        value = _at(self._parsed(self._read()), path)
        return None if value is MISSING else value

    def put(self, owner: str, entries: Sequence[Entry]) -> bool:
        """Make ``entries`` those of ``owner``, in the place of earlier ones; False where they were there."""
        notes, data = self._notes(), self._read()
        if self.entries(owner) == list(entries) and all(self._holds(data, entry) for entry in entries):
            return False
        owners = dict(notes.get("owners", {}))
        if not notes:
            notes = {"original": None if data is None else base64.b64encode(data).decode(), "before": {}}
        base, rest = self._without(owner, notes, data)
        before = _before(base, entries)
        for entry in entries:
            self._insert(base, entry)
        rest["before"][owner] = before
        rest["owners"] = {**{name: rows for name, rows in owners.items() if name != owner}}
        rest["owners"][owner] = [asdict(entry) for entry in entries]
        self._write(_dumped(base, data), rest)
        return True

    def remove(self, owner: str) -> bool:
        """Take out what ``owner`` has put in; False where there is nothing of it."""
        notes, data = self._notes(), self._read()
        if owner not in notes.get("owners", {}):
            return False
        base, rest = self._without(owner, notes, data)
        rest["owners"] = {name: rows for name, rows in notes["owners"].items() if name != owner}
        if rest["owners"]:
            self._write(_dumped(base, data), rest)
            return True
        if self._untouched(notes, data):
            original = notes["original"]
            self._write(None if original is None else base64.b64decode(original), None)
        else:
            self._write(_dumped(base, data) if data is not None else None, None)
        return True

    def _without(
        self, owner: str, notes: dict[str, Any], data: bytes | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The file's object without the owner's entries, and notes without them."""
        base = self._parsed(data)
        before = dict(notes.get("before", {}))
        told = before.pop(owner, [])
        for entry, earlier in reversed(list(zip(self.entries(owner), told, strict=False))):
            _take_out(base, entry, earlier)
        kept = dict(notes, before=before)
        if notes.get("written") and not self._untouched(notes, data):
            kept["changed"] = True
        return base, kept

    def _holds(self, data: bytes | None, entry: Entry) -> bool:
        value = _at(self._parsed(data), entry.path)
        return entry.value in value if entry.listed and isinstance(value, list) else value == entry.value

    def _insert(self, base: dict[str, Any], entry: Entry) -> None:
        inner = base
        for key in entry.path[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise ConfigError(self.file, None, f"{'.'.join(entry.path[:-1])} is no object")
        last = entry.path[-1]
        if not entry.listed:
            inner[last] = entry.value
            return
        if not isinstance(inner.setdefault(last, []), list):
            raise ConfigError(self.file, None, f"{'.'.join(entry.path)} is no list")
        inner[last].append(entry.value)

    def _parsed(self, data: bytes | None) -> dict[str, Any]:
        if data is None or not data.strip():
            return {}
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else None
            raise ConfigError(self.file, line, f"not valid JSON ({error}); it was left as it is") from None
        if not isinstance(value, dict):
            raise ConfigError(self.file, None, "not a JSON object; it was left as it is")
        return value

    def _read(self) -> bytes | None:
        return self.file.read_bytes() if self.file.exists() else None

    def _untouched(self, notes: dict[str, Any], data: bytes | None) -> bool:
        return not notes.get("changed") and data is not None and notes.get("written") == _digest(data)

    def _all_notes(self) -> dict[str, Any]:
        try:
            value = json.loads(self._notes_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _notes(self) -> dict[str, Any]:
        told = self._all_notes().get(str(self.file))
        return told if isinstance(told, dict) else {}

    def _write(self, data: bytes | None, notes: dict[str, Any] | None) -> None:
        """The file, then the notes, so that a full disk leaves no notes of what is not there."""
        if data is None:
            with contextlib.suppress(FileNotFoundError):
                self.file.unlink()
        else:
            _replace(self.file, data)
        everything = self._all_notes()
        everything.pop(str(self.file), None)
        if notes is not None:
            everything[str(self.file)] = {**notes, "written": _digest(data or b"")}
        if everything or self._notes_file.exists():
            _replace(self._notes_file, json.dumps(everything, indent=1).encode())


def _before(base: dict[str, Any], entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """For each entry what it replaces, and how many objects on the way to it were there."""
    told = []
    for entry in entries:
        depth = sum(_at(base, entry.path[: n + 1]) is not MISSING for n in range(len(entry.path)))
        value = _at(base, entry.path)
        told.append(
            {"depth": depth} if value is MISSING or entry.listed else {"depth": depth, "value": value}
        )
    return told


def _take_out(base: dict[str, Any], entry: Entry, before: dict[str, Any]) -> None:
    """Put back what was at the entry's place, if the entry is still there; empty objects of ours go too."""
    inner, last = _at(base, entry.path[:-1]), entry.path[-1]
    if not isinstance(inner, dict) or last not in inner:
        return
    if entry.listed:
        if isinstance(inner[last], list) and entry.value in inner[last]:
            inner[last].remove(entry.value)
    elif inner[last] != entry.value:
        return
    elif "value" in before:
        inner[last] = before["value"]
    else:
        del inner[last]
    for length in range(len(entry.path), before["depth"], -1):
        holder = _at(base, entry.path[: length - 1])
        if isinstance(holder, dict) and holder.get(entry.path[length - 1]) in ({}, []):
            del holder[entry.path[length - 1]]


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value


def _dumped(value: dict[str, Any], like: bytes | None) -> bytes:
    """JSON with the indentation of ``like``, two spaces where it has none."""
    lines = (like or b"").decode("utf-8", "replace").splitlines()
    margin = next((line[: len(line) - len(line.lstrip())] for line in lines if line[:1] in (" ", "\t")), "  ")
    return (json.dumps(value, indent=margin, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(file: Path, data: bytes) -> None:
    """Write the whole file or leave it as it was; a new one is the user's alone, as it may hold a key."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(mode)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
