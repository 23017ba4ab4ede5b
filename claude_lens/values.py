"""Readers of setting values: each takes the text of a variable and returns the typed value.

A reader raises ``ValueError`` whose message completes "expected …"; :mod:`claude_lens.settings` adds the
variable's name and the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
DATABASES = ("sqlite", "postgresql")


def text(value: str) -> str:
    """Any text, as it stands."""
    return value


def path(value: str) -> Path:
    """A path; ``~`` is the user's home; relative paths become absolute."""
    return Path(value).expanduser().absolute()


def flag(value: str) -> bool:
    """``1``/``0``, ``true``/``false``, ``yes``/``no``, ``on``/``off``, in any case."""
    word = value.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError("1 or 0")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``, both included."""
    limits = (
        f"a whole number from {least} to {most}" if most is not None else f"a whole number from {least} up"
    )

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise ValueError(limits)
        number = int(value)
        if number < least or (most is not None and number > most):
            raise ValueError(limits)
        return number

    return read


port = whole(1, 65535)


def seconds(value: str) -> float:
    """A duration above zero: ``90``, ``1.5s``, ``10m``, ``2h``, ``500ms``; returns seconds."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|[smhd]?)", value.lower())
    total = float(match[1]) * SECONDS[match[2]] if match else 0.0
    if total <= 0:
        raise ValueError("a duration above zero, such as 120, 90s or 10m")
    return total


def size(value: str) -> int:
    """A size above zero: ``1000000``, ``256MB``, ``5GiB``; powers of 1024; returns bytes."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(?:i?b)?", value.lower())
    total = int(float(match[1]) * BYTES[match[2]]) if match else 0
    if total <= 0:
        raise ValueError("a size above zero, such as 256MB or 5GB")
    return total


def names(value: str) -> tuple[str, ...]:
    """Host names separated by commas, in lower case; ``*`` stands for all."""
    found = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    if not found or any(re.search(r"[\s/]", name) for name in found):
        raise ValueError("host names separated by commas, such as lens.example.org")
    return found


def addresses(value: str) -> tuple[str, ...]:
    """``HOST:PORT`` separated by commas, IPv6 in brackets; ``localhost`` is ``127.0.0.1``."""
    found = tuple(address.strip().lower() for address in value.split(",") if address.strip())
    if not all(re.fullmatch(r"(\[[0-9a-f:]+\]|[0-9a-z.-]+):[0-9]{1,5}", address) for address in found):
        raise ValueError("addresses separated by commas, such as 127.0.0.1:8082")
    return tuple(address.replace("localhost:", "127.0.0.1:") for address in found)


def one_of(*words: str) -> Callable[[str], str]:
    """One of ``words``, in any case; returns the lower-case form."""

    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(" or ".join(words))
        return value.lower()

    return read


def url(value: str) -> str:
    """An ``http`` or ``https`` address with a host; returns it without a trailing slash."""
    expected = "an address such as http://127.0.0.1:8082"
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(expected)
    return value.rstrip("/")


def database(value: str) -> str:
    """A database address as SQLAlchemy reads it, for one of :data:`DATABASES`."""
    scheme, separator, _ = value.partition("://")
    if not separator or scheme.partition("+")[0] not in DATABASES:
        raise ValueError("sqlite:///FILE or postgresql://USER@HOST/NAME")
    return value
