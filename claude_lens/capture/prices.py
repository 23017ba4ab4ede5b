"""LiteLLM's price map while LiteLLM is not loaded."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from claude_lens.memory import trim
from claude_lens.wire.price_map import entry_of

FILE = "model_prices_and_context_window_backup.json"
REMEMBERED = 256


def limits(
    get: Callable[[str], Mapping[str, Any] | None], model: str, provider: str | None
) -> dict[str, int]:
    """``max_input_tokens`` and ``max_tokens`` (of an answer) of a model, as far as they are known."""
    bare = model.split("/", 1)[1] if "/" in model else model
    found = (get(key) for key in (model, f"{provider}/{model}", f"{provider}/{bare}", bare))
    entry: Mapping[str, Any] = next(filter(None, found), {})
    told = {"max_input_tokens": entry.get("max_input_tokens"), "max_tokens": entry.get("max_output_tokens")}
    return {name: value for name, value in told.items() if isinstance(value, int)}


class Published(Mapping[str, Mapping[str, Any]]):
    """The price map as it comes with LiteLLM, read from its file at the first question.

    As objects its thousands of entries would take 12 MB for as long as the proxy runs. They are kept as one
    piece of text instead, a line each: the name in JSON, a tab, the entry in JSON, neither with a tab or a
    line's end of its own.
    """

    def __init__(self) -> None:
        self._lines: bytes | None = None
        self._priced = lru_cache(maxsize=REMEMBERED)(self._price)

    def __call__(self, model: str | None, provider: str | None) -> Mapping[str, Any] | None:
        """As ``price_map.entry_of``."""
        return self._priced(model, provider)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        lines, start = self._text(), b"\n" + _line_start(name)
        at = lines.find(start)
        if at < 0:
            raise KeyError(name)
        entry: Mapping[str, Any] = orjson.loads(lines[at + len(start) : lines.index(b"\n", at + 1)])
        return entry

    def __iter__(self) -> Iterator[str]:
        return (orjson.loads(line.partition(b"\t")[0]) for line in self._text().splitlines() if line)

    def __len__(self) -> int:
        return self._text().count(b"\t")

    def models(self, provider: str) -> list[str]:
        """Models of a provider, without a provider prefix."""
        told = b'"litellm_provider":' + orjson.dumps(provider)
        lines = (line.partition(b"\t") for line in self._text().splitlines() if told in line)
        return sorted(
            orjson.loads(name)
            for name, _, entry in lines
            if orjson.loads(entry).get("litellm_provider") == provider
        )

    def limits(self, model: str) -> dict[str, int]:
        """As :func:`limits`, of one of Anthropic's models."""
        return limits(self.get, model, "anthropic")

    def forget(self) -> None:
        """Give the memory back; a further question reads the file again."""
        self._lines = None
        self._priced.cache_clear()

    def _price(self, model: str | None, provider: str | None) -> Mapping[str, Any] | None:
        return entry_of(self, model, provider)

    def _text(self) -> bytes:
        if self._lines is None:
            self._lines = _read()
            # What parsing took is several times what is kept.
            trim()
        return self._lines


def _line_start(name: str) -> bytes:
    try:
        return orjson.dumps(name) + b"\t"
    except orjson.JSONEncodeError:
        # Half a character: nothing is called so.
        return b"\t\t"


def _read() -> bytes:
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.origin:
        return b"\n"
    found = orjson.loads(Path(spec.origin).with_name(FILE).read_bytes())
    lines = (_line_start(name) + orjson.dumps(entry) for name, entry in found.items())
    return b"\n" + b"\n".join(lines) + b"\n"
