"""Which variables a configuration needs that are not set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from claude_lens.agents.targets import PROVIDERS, missing_key

REFERENCE = "os.environ/"


def missing(config: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Names of variables, each with the models in ``model_list`` that need it."""
    root = yaml.safe_load(config.read_text(encoding="utf-8"))
    entries = root.get("model_list") if isinstance(root, dict) else None
    found: dict[str, list[str]] = {}
    for entry in entries if isinstance(entries, list) else []:
        needed = _needed(entry.get("litellm_params"), environ)
        if needed:
            found.setdefault(needed, []).append(str(entry.get("model_name")))
    return found


def _needed(params: Any, environ: Mapping[str, str]) -> str | None:
    if not isinstance(params, dict):
        return None
    key = params.get("api_key")
    if isinstance(key, str) and key.startswith(REFERENCE):
        name = key.removeprefix(REFERENCE)
        # Plano's is made when the proxy starts.
        return None if environ.get(name) or name == "PLANO_ROUTER_KEY" else name
    provider = str(params.get("model", "")).partition("/")[0]
    return None if key or provider not in PROVIDERS else missing_key(provider, environ)
