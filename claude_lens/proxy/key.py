"""The proxy's key: the user's own, or one generated at the first start and kept in the home folder.

The file holds the key and a newline, mode 0600 in a folder of mode 0700. No function here prints it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from claude_lens.errors import HostError
from claude_lens.settings import Settings

PREFIX = "sk-lens-"
PUBLICLY_KNOWN = "sk-1234"
PERMITTED = "dangerously_permit_weak_or_unset_master_key"
ADVICE = 'choose one that nobody knows: echo "sk-$(openssl rand -hex 24)"'
FORM = re.compile(r"sk-[A-Za-z0-9_.-]{6,}")


def home_folder(settings: Settings) -> Path:
    """The home folder, created with mode 0700 where it is missing. Raises :class:`HostError`."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HostError(f"cannot create {settings.home}: {error.strerror}") from None
    return settings.home


def key_file(settings: Settings) -> Path:
    """Where the generated key is kept."""
    return settings.home / "key"


def old_file(settings: Settings) -> Path:
    """Where the key before it is kept while it is still good: the key, and until when."""
    return settings.home / "key.old"


def proxy_key(settings: Settings) -> str:
    """The proxy's key: ``LITELLM_MASTER_KEY``, else the kept one, else a new one that is kept.

    Several processes may ask at once: all get the same key. Raises :class:`HostError` where the file cannot
    be written, or holds something else than a key.
    """
    if settings.master_key:
        return settings.master_key
    return existing(settings) or _create(settings)


def existing(settings: Settings) -> str | None:
    """The key without generating one; None where there is none yet. Raises :class:`HostError` like above."""
    if settings.master_key:
        return settings.master_key
    file = key_file(settings)
    try:
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise HostError(f"cannot read the key in {file}: {error}") from None
    if not FORM.fullmatch(text):
        raise HostError(f"{file} does not hold a key; remove it to have a new one generated")
    return text


def refused(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """Why LiteLLM will not start with this key, None where it will: one that every guide gives is no key.

    Source: ``litellm/proxy/auth/master_key_boot_check.py``, whose switch is heeded in environment and
    configuration.
    """
    config = settings.config
    text = config.read_text(encoding="utf-8", errors="replace") if config and config.is_file() else ""
    if (
        settings.master_key != PUBLICLY_KNOWN
        or PERMITTED in text
        or environ.get(f"LITELLM_{PERMITTED.upper()}")
    ):
        return None
    return f"LITELLM_MASTER_KEY={PUBLICLY_KNOWN} is publicly known, and LiteLLM does not start with it"


def known(settings: Settings) -> list[str]:
    """Every key by which a proxy may prove itself to this user; those that cannot be read are left out."""
    found = [settings.key, settings.master_key]
    with contextlib.suppress(HostError):
        found.append(existing(settings))
    found.append((old(settings) or (None,))[0])
    return [key for key in dict.fromkeys(found) if key]


def rotate(settings: Settings, grace: float = 0.0) -> str:
    """Replace the kept key by a new one, at once for every reader; returns it.

    The one before stays good for ``grace`` seconds, for a proxy that is started from now on.
    """
    before = existing(settings)
    old_file(settings).unlink(missing_ok=True)
    if before and grace:
        _write(settings, f"{before}\n{int(time.time() + grace)}\n").replace(old_file(settings))
    fresh = _written(settings)
    try:
        key = fresh.read_text(encoding="ascii").strip()
        fresh.replace(key_file(settings))
    finally:
        fresh.unlink(missing_ok=True)
    return key


def put_back(settings: Settings, key: str) -> None:
    """Make ``key``, which was rotated away, the key again."""
    _write(settings, f"{key}\n").replace(key_file(settings))
    old_file(settings).unlink(missing_ok=True)


def old(settings: Settings) -> tuple[str, float] | None:
    """The key before the present one and until when it is good (seconds of the clock); None if it is not."""
    try:
        key, until = old_file(settings).read_text(encoding="ascii").split()
        found = key, float(until)
    except (OSError, ValueError):
        return None
    return found if FORM.fullmatch(key) and found[1] > time.time() else None


def masked(key: str | None) -> str:
    """What may be shown of a key: its beginning, at most 12 characters and a third of it."""
    return f"{key[: min(12, len(key) // 3)]}…" if key else "none"


def _create(settings: Settings) -> str:
    fresh = _written(settings)
    try:
        # A hard link fails where the name exists, so exactly one of several starts wins, with a whole file.
        os.link(fresh, key_file(settings))
    except FileExistsError:
        pass
    except OSError:
        fresh.replace(key_file(settings))
    finally:
        fresh.unlink(missing_ok=True)
    return existing(settings) or ""


def _written(settings: Settings) -> Path:
    return _write(settings, f"{PREFIX}{secrets.token_urlsafe(24)}\n")


def _write(settings: Settings, text: str) -> Path:
    folder = home_folder(settings)
    try:
        handle, name = tempfile.mkstemp(prefix=".key-", dir=folder)
    except OSError as error:
        raise HostError(f"cannot write into {folder}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        Path(name).unlink()
        raise HostError(f"cannot write into {folder}: {error.strerror}") from None
    return Path(name)
