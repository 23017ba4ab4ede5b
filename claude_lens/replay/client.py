"""The real client of a replay: its settings, its environment, and how it is given the recorded prompts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from claude_lens import exact
from claude_lens.errors import HostError, UserError
from claude_lens.launcher import HINTS, Place, Problem, find_claude
from claude_lens.messages.helpers import AUXILIARY
from claude_lens.messages.system import Version
from claude_lens.replay.record import Prompt, Record
from claude_lens.replay.server import HOOK

_KEPT: Final = (
    "CLAUDE.md",
    "agents",
    "commands",
    "hooks",
    "keybindings.json",
    "output-styles",
    "plugins",
    "rules",
    "settings.json",
    "settings.local.json",
    "skills",
    "workflows",
)
"""What of the user's configuration a request depends on; no history, no login, nothing of sessions."""
_SECRET: Final = ("oauthAccount", "primaryApiKey", "customApiKeyResponses")
_OURS: Final = ("ANTHROPIC_", "CLAUDE_CODE_", "CLAUDE_LENS_", "CLAUDECODE", "LITELLM_", "OTEL_")
_PASSED: Final = ("ANTHROPIC_DEFAULT_", "ANTHROPIC_SMALL_FAST_MODEL", "CLAUDE_CODE_MAX_OUTPUT_TOKENS")
_PAYING: Final = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_OAUTH_TOKEN",
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_TOKEN: Final = "replay"
QUIET: Final = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"
CREDENTIALS: Final = ".credentials.json"


def find(named: Path | None) -> str:
    """The client's program: the one that was named, else the one that the launcher would run."""
    if named is not None:
        if not os.access(named, os.X_OK) or not named.is_file():
            raise UserError(f"--claude {named} is not a program that can be run")
        return str(named.absolute())
    try:
        return find_claude(Place(os.environ))
    except Problem as problem:
        raise UserError(str(problem)) from None


def version(program: str) -> Version | None:
    """What the client says its version is; None where it does not tell."""
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostError(f"cannot run {program}: {error}") from error
    found = _VERSION.search(done.stdout)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def configured(home: Path, folder: Path, environ: Mapping[str, str], *, login: bool = False) -> Path:
    """A configuration for the client below ``home``: the user's own, without history and credentials.

    ``folder``: where it will run, which it is told to trust. ``login``: the user's login comes along, for
    requests that are passed on.
    """
    target = home / ".claude"
    target.mkdir(mode=0o700, parents=True)
    named = environ.get("CLAUDE_CONFIG_DIR")
    own = Path(named) if named else Path(environ.get("HOME", "~")).expanduser() / ".claude"
    for name in (*_KEPT, *((CREDENTIALS,) if login else ())):
        source = own / name
        if source.is_dir():
            (target / name).symlink_to(source)
        elif source.is_file():
            shutil.copyfile(source, target / name)
            (target / name).chmod(0o600)
    told = _state(own / ".claude.json" if named else own.parent / ".claude.json")
    projects = told.get("projects") if isinstance(told.get("projects"), dict) else {}
    assert isinstance(projects, dict)
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    before = projects.get(str(folder))
    state = {
        **{name: value for name, value in told.items() if login or name not in _SECRET},
        "hasCompletedOnboarding": True,
        "theme": told.get("theme", "dark"),
        "bypassPermissionsModeAccepted": True,
        "projects": {**projects, str(folder): {**(before if isinstance(before, dict) else {}), **trusted}},
    }
    if not login:
        state["customApiKeyResponses"] = {"approved": [_TOKEN], "rejected": []}
    (target / ".claude.json").write_bytes(exact.dump(state))
    (target / ".claude.json").chmod(0o600)
    return target


def _state(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def settings(path: Path, url: str, hooks: bool) -> Path:
    """The settings file that the client is started with; it goes before the user's own."""
    told: dict[str, Any] = {
        "env": {"ANTHROPIC_BASE_URL": url},
        "skipDangerousModePermissionPrompt": True,
        "disableAllHooks": False,
    }
    if hooks:
        entry = [{"matcher": "*", "hooks": [{"type": "http", "url": url + HOOK, "timeout": 60}]}]
        told["hooks"] = {"PreToolUse": entry, "PostToolUse": entry}
    path.write_bytes(exact.dump(told))
    return path


def environment(
    environ: Mapping[str, str],
    url: str,
    config: Path,
    record: Record,
    prompt: Prompt | None,
    *,
    closed: bool,
    live: bool = False,
    quiet: bool = False,
) -> dict[str, str]:
    """The client's environment: the user's, without keys and addresses.

    ``closed``: whatever else it asks goes to the replay's server as well, which refuses it. ``live``:
    requests are passed on, with the credentials of ``environ``. ``quiet``: without what is not essential.
    """
    passed = (*_PASSED, *_PAYING) if live else _PASSED
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_OURS) or name.startswith(passed)
    }
    made = {
        **HINTS,
        "ANTHROPIC_BASE_URL": url,
        **({} if live else {"ANTHROPIC_AUTH_TOKEN": _TOKEN}),
        "CLAUDE_CONFIG_DIR": str(config),
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    if quiet:
        made[QUIET] = "1"
    if hasattr(os, "getuid") and os.getuid() == 0:
        made["IS_SANDBOX"] = "1"
    model = (prompt.model if prompt is not None else None) or record.main_model
    if model:
        made["ANTHROPIC_MODEL"] = model
    if prompt is not None and prompt.effort:
        made["CLAUDE_CODE_EFFORT_LEVEL"] = prompt.effort
    if closed:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            made |= {name: url, name.lower(): url}
        made |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost,::1")
        kept.pop("ALL_PROXY", None)
        kept.pop("all_proxy", None)
    return {**kept, **made}


def is_quiet(record: Record, environ: Mapping[str, str]) -> bool:
    """Whether the recorded client probably did without what is not essential; its tools depend on that."""
    if QUIET in environ:
        return True
    return not record.interactive and not any(one.line == AUXILIARY for one in record.requests)


def print_command(
    program: str, prompt: Prompt, settings_file: Path, session: str | None, more: Sequence[str]
) -> tuple[list[str], bytes | None]:
    """A command line of ``claude -p`` for one prompt, and its standard input.

    ``session``: the one to go on with. What is more than words goes in as a message.
    """
    command = [program, "-p", "--dangerously-skip-permissions", "--settings", str(settings_file)]
    if session is not None:
        command += ["--resume", session]
    if prompt.content is None:
        return [*command, "--output-format", "json", *more, "--", prompt.words], None
    message = {"type": "user", "message": {"role": "user", "content": list(prompt.content)}}
    forms = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    return [*command, *forms, *more], exact.dump(message) + b"\n"


def typed_command(program: str, settings_file: Path, more: Sequence[str]) -> list[str]:
    """A command line of the client in a terminal."""
    return [program, "--dangerously-skip-permissions", "--settings", str(settings_file), *more]
