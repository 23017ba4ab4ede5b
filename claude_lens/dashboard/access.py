"""Who may look: one-time links, the cookie got from one, and the token that changes need.

Everything hangs on a secret of 32 bytes in ``dashboard.key`` in the home folder (mode 0600), so that a
restart of the dashboard logs nobody out. Links wait in ``dashboard.links``, as hashes, so that another
process of the same user can make one, and each opens the door once.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from claude_lens.errors import HostError

LINK_SECONDS: Final = 24 * 3600
COOKIE_SECONDS: Final = 30 * 24 * 3600
_SECRET_BYTES: Final = 32


class Access:
    """Makes and checks links, cookies, tokens. Raises :class:`HostError` where ``home`` cannot be written."""

    def __init__(self, home: Path) -> None:
        self._links = home / "dashboard.links"
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._secret = _secret(home / "dashboard.key")
        except OSError as error:
            raise HostError(f"cannot write into {home}: {error.strerror}") from None

    def new_link(self) -> str:
        """A token that :meth:`use_link` accepts once within 24 hours."""
        token = secrets.token_urlsafe(32)
        with self._open_links() as waiting:
            waiting[_hash(token)] = time.time() + LINK_SECONDS
        return token

    def use_link(self, token: str) -> bool:
        """Whether ``token`` is one that waits; it does no longer."""
        with self._open_links() as waiting:
            return waiting.pop(_hash(token), 0.0) > time.time()

    def new_cookie(self) -> str:
        """A cookie that is good for 30 days."""
        body = f"{int(time.time()) + COOKIE_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign('cookie', body)}"

    def knows(self, cookie: str) -> bool:
        """Whether a cookie is ours and still good."""
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._sign("cookie", body).encode(), signature.encode("utf-8", "replace")):
            return False
        return int(body.partition(".")[0]) > time.time()

    def token(self, cookie: str) -> str:
        """What a request that changes something has to show beside its cookie."""
        return self._sign("token", cookie)

    def may_change(self, cookie: str, token: str) -> bool:
        """Whether ``token`` belongs to ``cookie``."""
        return hmac.compare_digest(self.token(cookie).encode(), token.encode("utf-8", "replace"))

    def _sign(self, purpose: str, text: str) -> str:
        whole = f"{purpose}:{text}".encode("utf-8", "replace")
        return hmac.new(self._secret, whole, hashlib.sha256).hexdigest()

    @contextmanager
    def _open_links(self) -> Iterator[dict[str, float]]:
        handle = os.open(self._links, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                waiting: dict[str, float] = json.load(file)
            except ValueError:
                waiting = {}
            yield waiting
            now = time.time()
            file.seek(0)
            file.truncate()
            json.dump({name: until for name, until in waiting.items() if until > now}, file)


def _secret(path: Path) -> bytes:
    fresh = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        found = path.read_bytes()
        if len(found) == _SECRET_BYTES:
            return found
        path.unlink()
    except FileNotFoundError:
        pass
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_SECRET_BYTES))
    try:
        # A hard link fails where the name exists: of several starts exactly one makes the secret.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_bytes()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
