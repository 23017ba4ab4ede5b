"""LiteLLM's price map, read as the file it is: what a model costs today, without importing LiteLLM.

An operator's own ``model_info`` in the configuration is not in it; exchanges keep the prices they were
recorded with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson

from claude_lens.errors import HostError
from claude_lens.wire.price_map import entry_of

_FILE: Final = "model_prices_and_context_window_backup.json"


@lru_cache(maxsize=1)
def price_map() -> Mapping[str, Any]:
    """Entries by model. Raises :class:`HostError` where the file is missing or no JSON."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        raise HostError("litellm is not installed: there are no prices to look up")
    file = Path(spec.origin).parent / _FILE
    try:
        found: Mapping[str, Any] = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise HostError(f"litellm's price map {file} cannot be read: {error}") from error
    return found


def prices_of(model: str | None, provider: str | None = None) -> Mapping[str, Any] | None:
    """The entry of a model, looked up as when it was recorded; None where no price is known."""
    return entry_of(price_map(), model, provider)
