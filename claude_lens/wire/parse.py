"""Bytes to JSON objects: fast where JSON is ordinary, tolerant where it is unusual but legal."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def parse_json(data: bytes | str) -> Any:
    """The JSON value in ``data``. Raises ``ValueError`` where there is none.

    Lone surrogates (``"\\ud800"``), which JSON allows and orjson refuses, come back as such.
    Integers past 64 bits become floats, as they do in the JavaScript client.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as strict:
        # Only an escaped surrogate or deep nesting is worth a second, much slower look.
        if (b"\\u" if isinstance(data, bytes) else "\\u") not in data and "ecursion" not in str(strict):  # type: ignore[operator]
            raise
    try:
        return json.loads(data, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_object(data: bytes | str) -> dict[str, Any] | None:
    """The JSON object in ``data``, or None where it is anything else."""
    if not data:
        return None
    try:
        value = parse_json(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
