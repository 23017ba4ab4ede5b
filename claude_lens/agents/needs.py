"""Which variables a configuration needs that are not set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from claude_lens.agents.targets import PROVIDERS, missing_key

REFERENCE = "os.environ/"
NEEDED = ("api_key", "vertex_project", "vertex_location", "aws_region_name")
# Made when the proxy starts.
DERIVED = frozenset(("PLANO_ROUTER_KEY",))


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
    named = [str(params[name]).removeprefix(REFERENCE) for name in NEEDED if _refers(params.get(name))]
    unset = next((name for name in named if not environ.get(name) and name not in DERIVED), None)
    if unset or params.get("api_key"):
        return unset
    provider = str(params.get("model", "")).partition("/")[0]
    return missing_key(provider, environ) if provider in PROVIDERS else None


def _refers(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(REFERENCE)
