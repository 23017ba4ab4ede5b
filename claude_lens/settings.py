"""The one table of settings: name, type, default, one sentence.

:class:`Settings` is the table; :func:`load` fills it. A value is looked for in the environment, then in a
``.env`` beside the configuration file, then in ``.env`` in the home folder, then in the table's default; an
empty value counts as not set. ``python -m claude_lens.settings_docs --write`` copies the table into
``.env.example`` and the README, ``--check`` says whether they are up to date.
"""

# ruff: noqa: RUF009
from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from claude_lens import values
from claude_lens.errors import SettingError

PACKAGE = Path(__file__).resolve().parent
CONFIG_NAME = "litellm_config.yaml"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table. ``default`` is the text a user would write; ``shown`` replaces it in the docs."""

    variable: str
    read: Callable[[str], Any]
    default: str | None
    sentence: str
    aliases: tuple[str, ...] = ()
    shown: str | None = None


def setting(
    variable: str,
    read: Callable[[str], Any],
    default: str | None,
    sentence: str,
    aliases: tuple[str, ...] = (),
    shown: str | None = None,
    secret: bool = False,
) -> Any:
    """A field of :class:`Settings` with its row of the table; a ``secret`` stays out of ``repr``."""
    entry = Entry(variable, read, default, sentence, aliases, shown)
    return dataclasses.field(metadata={"entry": entry}, repr=not secret)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, read and checked. Times in seconds, sizes in bytes."""

    home: Path = setting(
        "CLAUDE_LENS_HOME",
        values.path,
        "~/.claude-lens",
        "Folder of database, key, log and .env.",
    )
    url: str = setting(
        "CLAUDE_LENS_URL",
        values.url,
        None,
        "Address of the proxy; one that is not loopback is never started, only used.",
        shown="http://127.0.0.1:8082",
    )
    host: str = setting(
        "CLAUDE_LENS_HOST",
        values.text,
        "127.0.0.1",
        "Address the proxy listens on; beyond loopback it needs LITELLM_MASTER_KEY.",
    )
    port: int = setting("PORT", values.port, "8082", "Port of the proxy.", ("CLAUDE_LENS_PORT",))
    web_port: int = setting(
        "WEB_PORT", values.port, "8083", "Port of the dashboard.", ("CLAUDE_LENS_WEB_PORT",)
    )
    allowed_hosts: tuple[str, ...] = setting(
        "CLAUDE_LENS_ALLOWED_HOSTS",
        values.names,
        "localhost",
        "Names by which a proxy or dashboard on loopback may be asked, beside loopback's own; * for any.",
    )
    published: tuple[str, ...] = setting(
        "CLAUDE_LENS_PUBLISHED",
        values.addresses,
        "",
        "HOST:PORT, beside its own, under which the proxy proves itself: a container's port, a tunnel.",
        shown="none",
    )
    trusted_url: str | None = setting(
        "CLAUDE_LENS_TRUSTED_URL",
        values.url,
        None,
        "Address on this machine that gets your key without a proof, as a tunnel to a proxy of a team does.",
        shown="none",
    )
    config: Path | None = setting(
        "CLAUDE_LENS_CONFIG",
        values.path,
        None,
        "LiteLLM configuration to serve.",
        shown="litellm_config.yaml in CLAUDE_LENS_HOME, else the one that comes with claude-lens",
    )
    claude: str | None = setting(
        "CLAUDE_LENS_CLAUDE", values.text, None, "The claude program to run.", shown="claude on PATH"
    )
    key: str | None = setting(
        "CLAUDE_LENS_KEY",
        values.text,
        None,
        "Key that claude-lens shows to the proxy, for a virtual key of a team's proxy.",
        shown="the proxy's own key",
        secret=True,
    )
    autostart: bool = setting(
        "CLAUDE_LENS_AUTOSTART", values.flag, "1", "0: claude-lens never starts the proxy by itself."
    )
    greeting: bool = setting(
        "CLAUDE_LENS_GREETING", values.flag, "1", "0: the first run from a home folder explains nothing."
    )
    database_url: str = setting(
        "CLAUDE_LENS_DATABASE_URL",
        values.database,
        None,
        "Database: sqlite:///FILE or postgresql://…; DB_PATH names an SQLite file.",
        shown="lens.db in CLAUDE_LENS_HOME",
        secret=True,
    )
    transparent: Literal["auto", "off"] = setting(
        "CLAUDE_LENS_TRANSPARENT",
        values.one_of("auto", "off"),
        "auto",
        "off: every request takes LiteLLM's own way, none is forwarded byte for byte.",
    )
    litellm: Literal["auto", "start"] = setting(
        "CLAUDE_LENS_LITELLM",
        values.one_of("auto", "start"),
        "auto",
        "start: LiteLLM is loaded with the proxy, also where only other requests than Claude Code's need it.",
    )
    other_endpoints: Literal["record", "refuse"] = setting(
        "CLAUDE_LENS_OTHER_ENDPOINTS",
        values.one_of("record", "refuse"),
        "record",
        "refuse: only Claude Code's endpoints and chat completions are forwarded; record: all are, recorded.",
    )
    host_pages: Literal["on", "off"] = setting(
        "CLAUDE_LENS_HOST_PAGES",
        values.one_of("on", "off"),
        "off",
        "on: LiteLLM's own pages (/ui, /openapi.json, logins) answer, most of them without a key.",
    )
    strict: bool = setting(
        "CLAUDE_LENS_STRICT", values.flag, "0", "1: a failure in recording is raised, for tests; 0: counted."
    )
    queue_bytes: int = setting(
        "CLAUDE_LENS_QUEUE_BYTES",
        values.size,
        "256MB",
        "Most memory for exchanges that wait to be written; what exceeds it waits in the spool, on disk.",
    )
    spool_bytes: int = setting(
        "CLAUDE_LENS_SPOOL_BYTES",
        values.size,
        "8GB",
        "Most disk for exchanges that wait for the database; never more than half of what is free.",
    )
    keep_days: int | None = setting(
        "CLAUDE_LENS_KEEP_DAYS", values.whole(1), None, "Forget exchanges older than this.", shown="keep all"
    )
    max_size: int | None = setting(
        "CLAUDE_LENS_MAX_SIZE", values.size, None, "Forget the oldest beyond this size.", shown="no limit"
    )
    bodies: Literal["on", "off"] = setting(
        "CLAUDE_LENS_BODIES",
        values.one_of("on", "off"),
        "on",
        "off: keep times, tokens, cost; no content.",
    )
    streams: Literal["on", "off"] = setting(
        "CLAUDE_LENS_STREAMS",
        values.one_of("on", "off"),
        "on",
        "off: keep the message that an event stream stands for, and not the stream itself.",
    )
    redact: Literal["on", "off"] = setting(
        "CLAUDE_LENS_REDACT",
        values.one_of("on", "off"),
        "on",
        "off: keys and tokens in bodies are kept as they are; credential headers never are.",
    )
    redact_names: Literal["on", "off"] = setting(
        "CLAUDE_LENS_REDACT_NAMES",
        values.one_of("on", "off"),
        "on",
        "off: values are no secrets by their names (DB_PASSWORD=...), only by their form.",
    )
    redact_file: Path | None = setting(
        "CLAUDE_LENS_REDACT_FILE",
        values.path,
        None,
        "Patterns of your own secrets: regular expressions, one a line.",
        shown="redact.txt in CLAUDE_LENS_HOME",
    )
    trace_schemas: bool = setting(
        "CLAUDE_LENS_TRACE_SCHEMAS",
        values.flag,
        "0",
        "1: traces carry the full definitions of the tools offered.",
    )
    connect_timeout: float = setting(
        "CLAUDE_LENS_CONNECT_TIMEOUT", values.seconds, "10s", "Longest wait for a connection to the provider."
    )
    read_timeout: float = setting(
        "READ_TIMEOUT",
        values.seconds,
        "10m",
        "Longest silence of the provider.",
        ("CLAUDE_LENS_READ_TIMEOUT",),
    )
    write_timeout: float = setting(
        "WRITE_TIMEOUT", values.seconds, "10m", "Longest stall in sending.", ("CLAUDE_LENS_WRITE_TIMEOUT",)
    )
    idle_timeout: float = setting(
        "IDLE_TIMEOUT",
        values.seconds,
        "2m",
        "Idle connections close after this.",
        ("CLAUDE_LENS_IDLE_TIMEOUT",),
    )
    forward_url: str | None = setting(
        "ANTHROPIC_FORWARD_URL",
        values.url,
        None,
        "Where the proxy sends Anthropic's requests.",
        shown="https://api.anthropic.com",
    )
    anthropic_version: str | None = setting(
        "ANTHROPIC_VERSION",
        values.text,
        None,
        "anthropic-version for clients that send none.",
        shown="2023-06-01",
    )
    anthropic_max_retries: int = setting(
        "ANTHROPIC_MAX_RETRIES",
        values.whole(0, 10),
        "0",
        "Retries by the proxy before an answer starts; Claude Code retries by itself.",
    )
    master_key: str | None = setting(
        "LITELLM_MASTER_KEY",
        values.text,
        None,
        "Key of the proxy.",
        shown="generated into CLAUDE_LENS_HOME/key",
        secret=True,
    )


TABLE: dict[str, Entry] = {f.name: f.metadata["entry"] for f in dataclasses.fields(Settings)}


def load(environ: Mapping[str, str] | None = None, config: Path | None = None) -> Settings:
    """All settings. ``environ`` defaults to the process's; ``config`` stands for CLAUDE_LENS_CONFIG.

    Raises :class:`SettingError` at the first bad value, naming variable, value and what would be right.
    """
    return parse(environment(environ, config), config)


def environment(environ: Mapping[str, str] | None = None, config: Path | None = None) -> dict[str, str]:
    """The environment with what the two ``.env`` files add to it: what the proxy process gets."""
    merged = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    config = config or _path(merged, "config")
    if config is None:
        home = _home(merged)
        config = _path(_env_file(home / ".env"), "config") or find_config(home)
    if config is not None:
        _add(merged, config.parent / ".env")
    _add(merged, _home(merged) / ".env")
    return merged


def parse(merged: Mapping[str, str], config: Path | None = None) -> Settings:
    """Settings from one finished mapping of variables; reads no ``.env``."""
    raw = {name: _read(entry, merged) for name, entry in TABLE.items()}
    home = raw["home"]
    raw["config"] = config or raw["config"] or find_config(home)
    if raw["database_url"] is None:
        file = values.path(merged["DB_PATH"]) if merged.get("DB_PATH") else home / "lens.db"
        raw["database_url"] = f"sqlite:///{file}"
    if raw["url"] is None:
        host = "127.0.0.1" if raw["host"] in EVERYWHERE else raw["host"]
        raw["url"] = f"http://{f'[{host}]' if ':' in host else host}:{raw['port']}"
    elif not any(merged.get(name) for name in ("PORT", "CLAUDE_LENS_PORT")) and is_loopback(raw["url"]):
        parts = urlsplit(raw["url"])
        raw["port"] = parts.port or (443 if parts.scheme == "https" else 80)
    return Settings(**raw)


def conflicts(merged: Mapping[str, str]) -> list[str]:
    """A sentence for each setting that two variables give different values."""
    found = []
    for entry in TABLE.values():
        given = [name for name in _names(entry) if merged.get(name)]
        for other in given[1:]:
            if merged[other].strip() != merged[given[0]].strip():
                used, left = (f"{name}={merged[name].strip()}" for name in (given[0], other))
                found.append(f"{used} is used, and {left} is not")
    return found


def find_config(home: Path) -> Path | None:
    """``litellm_config.yaml`` of the user's home folder, else of the checkout, else of the installed package.

    The working directory is not looked at: claude-lens runs in any project, and a project's own LiteLLM
    configuration is not meant for it.
    """
    for folder in (home, PACKAGE.parent, PACKAGE / "bundle"):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def is_loopback(address: str) -> bool:
    """Whether the host of ``address`` (a URL) is this machine's loopback."""
    host = urlsplit(address).hostname or ""
    return host in LOOPBACK or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def _read(entry: Entry, merged: Mapping[str, str]) -> Any:
    for name in _names(entry):
        if merged.get(name):
            value = merged[name].strip()
            try:
                return entry.read(value)
            except ValueError as problem:
                shown = value.rpartition("@")[2]
                raise SettingError(name, shown, str(problem)) from None
    return None if entry.default is None else entry.read(entry.default)


def _names(entry: Entry) -> list[str]:
    """Our own names first: PORT may be meant for the project that claude works in."""
    return sorted((entry.variable, *entry.aliases), key=lambda name: not name.startswith("CLAUDE_LENS_"))


def _path(merged: Mapping[str, str], name: str) -> Path | None:
    value: Path | None = _read(TABLE[name], merged)
    return value


def _home(merged: Mapping[str, str]) -> Path:
    home: Path = _read(TABLE["home"], merged)
    return home


def _add(merged: dict[str, str], file: Path) -> None:
    merged.update({name: value for name, value in _env_file(file).items() if name not in merged})


def _env_file(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    # Most have no such file, and every command waits for what it imports.
    from dotenv import dotenv_values

    found = dotenv_values(file, interpolate=False)
    return {name: value for name, value in found.items() if value}
