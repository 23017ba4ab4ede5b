"""The guard's rules as they stand: asked of the proxy that runs, else made from the store."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from claude_lens.errors import ProxyError
from claude_lens.guard import file, words
from claude_lens.guard.ledger import Ledger
from claude_lens.guard.rules import Who
from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import get, health
from claude_lens.settings import Settings

PATH: Final = "/claude-lens/guard"


def gather(settings: Settings, who: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``rules``, ``shared``, ``faults``, ``problem`` and ``running``; ``who``: only rules that apply to it.

    Times are seconds since the epoch. Raises ProxyError where the proxy refuses to tell, ConfigError for a
    mistake in the rules where none runs.
    """
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    if health(url).healthy:
        return {**_asked(url, settings, who), "running": True}
    config = Path(running.record["config"]) if running else settings.config
    return {**_made(settings, config, who), "running": False}


def _asked(url: str, settings: Settings, who: Mapping[str, str] | None) -> dict[str, Any]:
    query = "?" + urlencode(who) if who else ""
    key = settings.key or keys.existing(settings) or ""
    try:
        code, _, body = get(url, PATH + query, {"x-litellm-api-key": key})
        told: dict[str, Any] = json.loads(body) if code == 200 else {}
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProxyError(f"the proxy at {url} did not tell its limits: {error}") from error
    if code in (401, 403):
        raise ProxyError(f"the proxy at {url} tells its limits only for its own key (LITELLM_MASTER_KEY)")
    if code != 200:
        raise ProxyError(f"the proxy at {url} knows no limits (HTTP {code}): run lensctl restart")
    return told


def _made(settings: Settings, config: Path | None, who: Mapping[str, str] | None) -> dict[str, Any]:
    from claude_lens.store.numbers.spending import history
    from claude_lens.store.reading.queries import open_reader

    found = file.load(settings.home, config)
    now = time.time()
    ledger = Ledger()
    if found.rules:
        with open_reader(settings) as reader, reader.connect() as connection:
            for spent in history(connection, now):
                ledger.take(spent, now, quiet=True)
    ledger.use(found, now)
    rules = words.overview(ledger, now, None if who is None else Who(**who))
    return {"rules": rules, "shared": False, "faults": 0, "problem": None}
