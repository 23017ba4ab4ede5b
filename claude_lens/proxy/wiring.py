"""Every ``claude`` of this user through the proxy, by the ``env`` of Claude Code's own settings file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from claude_lens import settings as setting_table
from claude_lens.client_settings import ClientSettings, Entry, settings_file
from claude_lens.errors import HostError, UserError
from claude_lens.launcher import HINTS, Place, Problem, claude_environment
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import health, refusal
from claude_lens.settings import Settings

OWNER = "on"
PLACEHOLDER = "\0key\0"
HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
ALWAYS = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", *HINTS)
"""Told even where the present environment has them already."""


def client_settings(settings: Settings) -> ClientSettings:
    """Claude Code's settings file of this user."""
    return ClientSettings(settings_file(os.environ), settings.home)


def environment(settings: Settings) -> dict[str, str | None]:
    """What a client has to have set (None: unset), with :data:`PLACEHOLDER` where the key goes.

    Headers with the project are left out, as they differ from folder to folder.
    """
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    seen = health(url, settings)
    if seen.strange:
        raise HostError(refusal(url, seen, settings))
    has_key = bool(setting_table.environment().get("ANTHROPIC_API_KEY"))
    pays = seen.detail.get("credential") == "proxy" if seen.healthy else has_key
    given = {name: value for name, value in os.environ.items() if name not in ALWAYS}
    try:
        place = Place({**os.environ, "CLAUDE_LENS_URL": url})
        changes = claude_environment(given, place, PLACEHOLDER, pays)
    except Problem as problem:
        raise UserError(str(problem)) from None
    headers = (changes.pop(HEADERS, None) or "").splitlines()
    headers = [line for line in headers if not line.startswith("x-claude-lens-")]
    if headers:
        changes[HEADERS] = "\n".join(headers)
    return changes


def entries(changes: Mapping[str, str | None], key: str) -> list[Entry]:
    """The entries for the settings file; a variable to be unset is set to nothing there."""
    return [Entry(("env", name), (value or "").replace(PLACEHOLDER, key)) for name, value in changes.items()]


def renew(settings: Settings) -> bool:
    """Give the settings file the present address and key where it goes through us; whether it was changed."""
    client = client_settings(settings)
    if not client.entries(OWNER):
        return False
    return client.put(OWNER, entries(environment(settings), settings.key or keys.proxy_key(settings)))
